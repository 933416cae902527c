package import FoundationEssentials

// Documents of STS's query protocol. Members are named as the elements are.

package struct GetCallerIdentityResponse: Codable, Sendable {
    package struct Result: Codable, Sendable {
        package var Arn: String
        package var UserId: String
        package var Account: String
    }

    package struct Metadata: Codable, Sendable {
        package var RequestId: String
    }

    package var GetCallerIdentityResult: Result
    package var ResponseMetadata: Metadata

    package init(arn: String, userID: String, account: String, requestID: String) {
        GetCallerIdentityResult = Result(Arn: arn, UserId: userID, Account: account)
        ResponseMetadata = Metadata(RequestId: requestID)
    }

    package func encoded() throws -> Data {
        try S3XML.encode(self, root: "GetCallerIdentityResponse", namespace: STSXML.namespace)
    }
}

package struct STSErrorResponse: Codable, Sendable {
    package struct Details: Codable, Sendable {
        package var `Type`: String
        package var Code: String
        package var Message: String
    }

    package var Error: Details
    package var RequestId: String

    /// - Parameter isOurs: whether the request was fine and the server is not.
    package init(code: String, message: String, isOurs: Bool, requestID: String) {
        Error = Details(Type: isOurs ? "Receiver" : "Sender", Code: code, Message: message)
        RequestId = requestID
    }

    package func encoded() throws -> Data {
        try S3XML.encode(self, root: "ErrorResponse", namespace: STSXML.namespace)
    }
}

package enum STSXML {
    package static let namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
}

/// What a client of STS is told when a call fails.
package struct STSError: Error, Sendable, Equatable {
    package enum Code: String, Sendable, CaseIterable {
        case expiredToken = "RequestExpired"
        case incompleteSignature = "IncompleteSignature"
        case internalFailure = "InternalFailure"
        case invalidAction = "InvalidAction"
        case invalidClientTokenID = "InvalidClientTokenId"
        case malformedInput = "MalformedInput"
        case missingAction = "MissingAction"
        case missingAuthenticationToken = "MissingAuthenticationToken"
        case requestTooLarge = "RequestEntityTooLarge"
        case signatureDoesNotMatch = "SignatureDoesNotMatch"

        package var httpStatus: Int {
            switch self {
            case .incompleteSignature, .invalidAction, .malformedInput, .missingAction,
                .expiredToken:
                400
            case .invalidClientTokenID, .missingAuthenticationToken, .signatureDoesNotMatch: 403
            case .requestTooLarge: 413
            case .internalFailure: 500
            }
        }
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
