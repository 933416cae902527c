/// Names of the errors that a client can see, with their HTTP statuses.
package enum ErrorCode: String, Sendable, CaseIterable {
    case accessDenied = "AccessDeniedException"
    case conflict = "ConflictException"
    case internalServer = "InternalServerException"
    case resourceNotFound = "ResourceNotFoundException"
    case serviceQuotaExceeded = "ServiceQuotaExceededException"
    case throttling = "ThrottlingException"
    case validation = "ValidationException"

    // Answers of the front end, before an operation is known or its caller trusted.
    case incompleteSignature = "IncompleteSignatureException"
    case invalidSignature = "InvalidSignatureException"
    case methodNotAllowed = "MethodNotAllowedException"
    case missingAuthenticationToken = "MissingAuthenticationTokenException"
    case requestTooLarge = "RequestEntityTooLargeException"
    case serialization = "SerializationException"
    case unknownOperation = "UnknownOperationException"
    case unrecognizedClient = "UnrecognizedClientException"

    /// What nearly every operation declares.
    package static let common: [ErrorCode] = [
        .accessDenied, .internalServer, .validation, .conflict, .resourceNotFound, .throttling,
    ]

    /// What any request may be answered, before its operation begins.
    static let frontEnd: [ErrorCode] = [
        .incompleteSignature, .invalidSignature, .methodNotAllowed, .missingAuthenticationToken,
        .requestTooLarge, .serialization, .unknownOperation, .unrecognizedClient,
    ]

    /// As the published shapes have it; those of the front end as AWS answers them.
    package var httpStatus: Int {
        switch self {
        case .incompleteSignature, .serialization, .validation: 400
        case .serviceQuotaExceeded: 402
        case .accessDenied, .invalidSignature, .missingAuthenticationToken,
            .unrecognizedClient:
            403
        case .resourceNotFound, .unknownOperation: 404
        case .methodNotAllowed: 405
        case .conflict: 409
        case .requestTooLarge: 413
        case .throttling: 429
        case .internalServer: 500
        }
    }
}

/// The kinds of resources that errors name.
package enum ResourceType: String, Sendable, Codable {
    case project = "PROJECT"
    case dataset = "DATASET"
    case model = "MODEL"
    case modelPackageJob = "MODEL_PACKAGE_JOB"
}

/// What a client is told when an operation fails.
package struct WireError: Error, Sendable, Equatable {
    /// Decides the HTTP status and the name in `x-amzn-ErrorType`.
    package var code: ErrorCode
    /// For people; it says what to do where there is something to do.
    package var message: String
    /// Name of the resource, as in `PROJECT/VERSION` for a model; nil leaves it out of the body.
    package var resourceID: String?
    /// Given where `resourceID` is.
    package var resourceType: ResourceType?
    /// Name of the bound, for quotaExceeded and throttled; nil leaves it out of the body.
    package var quotaCode: String?
    /// `lookoutvision` where `quotaCode` is given.
    package var serviceCode: String?
    /// Seconds; travels in the `Retry-After` header.
    package var retryAfterSeconds: Int?

    package init(
        _ code: ErrorCode, _ message: String, resourceID: String? = nil,
        resourceType: ResourceType? = nil, quotaCode: String? = nil, serviceCode: String? = nil,
        retryAfterSeconds: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.resourceID = resourceID
        self.resourceType = resourceType
        self.quotaCode = quotaCode
        self.serviceCode = serviceCode
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// A request that breaks a rule; the message names the member.
    package static func validation(_ message: String) -> WireError {
        WireError(.validation, message)
    }

    /// A resource whose state does not allow the call, or a name that is taken.
    package static func conflict(
        _ message: String, _ type: ResourceType, _ id: String
    ) -> WireError {
        WireError(.conflict, message, resourceID: id, resourceType: type)
    }

    /// A resource that does not exist.
    package static func notFound(
        _ message: String, _ type: ResourceType, _ id: String
    ) -> WireError {
        WireError(.resourceNotFound, message, resourceID: id, resourceType: type)
    }

    /// - Parameter quota: which bound it is.
    package static func quotaExceeded(_ message: String, quota: String) -> WireError {
        WireError(
            .serviceQuotaExceeded, message, quotaCode: quota, serviceCode: "lookoutvision")
    }

    /// - Parameter quota: which bound it is.
    package static func throttled(_ message: String, quota: String) -> WireError {
        WireError(
            .throttling, message, quotaCode: quota, serviceCode: "lookoutvision",
            retryAfterSeconds: 1)
    }

    /// The members of the JSON body.
    package var body: JSONValue {
        let members: [(String, String?)] = [
            ("Message", message), ("ResourceId", resourceID),
            ("ResourceType", resourceType?.rawValue), ("QuotaCode", quotaCode),
            ("ServiceCode", serviceCode),
        ]
        return .object(
            Dictionary(
                uniqueKeysWithValues: members.compactMap { name, value in
                    value.map { (name, .string($0)) }
                }))
    }
}
