package import Wire

/// Names of the errors that the operations of Greengrass declare.
package enum GreengrassErrorCode: String, Sendable, CaseIterable {
    case accessDenied = "AccessDeniedException"
    case conflict = "ConflictException"
    case internalServer = "InternalServerException"
    case requestAlreadyInProgress = "RequestAlreadyInProgressException"
    case resourceNotFound = "ResourceNotFoundException"
    case serviceQuotaExceeded = "ServiceQuotaExceededException"
    case throttling = "ThrottlingException"
    case validation = "ValidationException"

    /// As the public API reference of Greengrass V2 has it.
    package var httpStatus: Int {
        switch self {
        case .requestAlreadyInProgress, .validation: 400
        case .serviceQuotaExceeded: 402
        case .accessDenied: 403
        case .resourceNotFound: 404
        case .conflict: 409
        case .throttling: 429
        case .internalServer: 500
        }
    }
}

/// What a client of Greengrass is told when an operation fails.
package struct GreengrassError: Error, Sendable, Equatable {
    /// Why an input was refused.
    package enum Reason: String, Sendable {
        case unknownOperation = "UNKNOWN_OPERATION"
        case cannotParse = "CANNOT_PARSE"
        case fieldValidationFailed = "FIELD_VALIDATION_FAILED"
        case other = "OTHER"
    }

    /// What is wrong with one member of the input.
    package struct Field: Sendable, Equatable {
        /// Of the member as on the wire; `tags.KEY` for the value of a tag.
        package let name: String
        /// A sentence that names the member, the value and the rule.
        package let message: String

        package init(_ name: String, _ message: String) {
            self.name = name
            self.message = message
        }
    }

    /// Decides the HTTP status and the members of the body.
    package let code: GreengrassErrorCode
    /// For people; it says what to do where there is something to do.
    package let message: String
    /// Of validation errors only; nil leaves it out of the body.
    package var reason: Reason?
    /// What is wrong with each member; empty when no member is to blame.
    package var fields: [Field] = []
    /// ARN of the component that the error is about; nil leaves it out.
    package var resourceID: String?
    /// `component` where `resourceID` is given.
    package var resourceType: String?
    /// Name of the bound that would be exceeded; nil for other errors.
    package var quotaCode: String?

    package init(_ code: GreengrassErrorCode, _ message: String) {
        self.code = code
        self.message = message
    }

    /// An input whose members are wrong.
    package static func validation(_ fields: [Field]) -> GreengrassError {
        var error = GreengrassError(.validation, Violation.summary(fields.map(\.message)))
        error.reason = .fieldValidationFailed
        error.fields = fields
        return error
    }

    /// An input of which one member is wrong.
    package static func validation(_ field: String, _ message: String) -> GreengrassError {
        var error = GreengrassError(.validation, message)
        error.reason = .fieldValidationFailed
        error.fields = [Field(field, message)]
        return error
    }

    /// A component version whose state does not allow the call.
    package static func conflict(_ message: String, _ arn: String) -> GreengrassError {
        var error = GreengrassError(.conflict, message)
        error.resourceID = arn
        error.resourceType = "component"
        return error
    }

    /// A component, a version or an artifact that does not exist.
    package static func notFound(_ message: String, _ arn: String) -> GreengrassError {
        var error = GreengrassError(.resourceNotFound, message)
        error.resourceID = arn
        error.resourceType = "component"
        return error
    }

    /// A change after which the component would be over a bound.
    package static func quotaExceeded(_ message: String, quota: String, _ arn: String)
        -> GreengrassError
    {
        var error = GreengrassError(.serviceQuotaExceeded, message)
        error.resourceID = arn
        error.resourceType = "component"
        error.quotaCode = quota
        return error
    }

    /// The members of the JSON body.
    package var body: JSONValue {
        var members: [String: JSONValue] = ["message": .string(message)]
        members["reason"] = reason.map { .string($0.rawValue) }
        if !fields.isEmpty {
            members["fields"] = .array(
                fields.map {
                    .object(["name": .string($0.name), "message": .string($0.message)])
                })
        }
        members["resourceId"] = resourceID.map(JSONValue.string)
        members["resourceType"] = resourceType.map(JSONValue.string)
        if let quotaCode {
            members["quotaCode"] = .string(quotaCode)
            members["serviceCode"] = .string("greengrass")
        }
        return .object(members)
    }
}

extension GreengrassError {
    /// The body of an error that every service of Spotter has alike, in Greengrass' form.
    package static func body(of error: WireError) -> JSONValue {
        var members: [String: JSONValue] = ["message": .string(error.message)]
        switch error.code {
        case .validation: members["reason"] = .string(Reason.cannotParse.rawValue)
        case .unknownOperation: members["reason"] = .string(Reason.unknownOperation.rawValue)
        default: break
        }
        return .object(members)
    }
}
