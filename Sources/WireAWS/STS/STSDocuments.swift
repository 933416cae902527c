package import FoundationEssentials

// Documents of STS's query protocol. Members are named as the elements are.

/// The answer of GetCallerIdentity: whose key signed the request.
package struct GetCallerIdentityResponse: Codable, Sendable {
    /// The caller.
    package struct Result: Codable, Sendable {
        /// `arn:aws:iam::ACCOUNT:root` or `arn:aws:iam::ACCOUNT:user/NAME`.
        package var Arn: String
        /// Name of the user; the account's ID for the root key.
        package var UserId: String
        /// 12 digits.
        package var Account: String
    }

    /// What every answer of the query protocol carries.
    package struct Metadata: Codable, Sendable {
        /// Names the call in the audit log.
        package var RequestId: String
    }

    package var GetCallerIdentityResult: Result
    package var ResponseMetadata: Metadata

    /// - Parameter requestID: that of the answer's header.
    package init(arn: String, userID: String, account: String, requestID: String) {
        GetCallerIdentityResult = Result(Arn: arn, UserId: userID, Account: account)
        ResponseMetadata = Metadata(RequestId: requestID)
    }

    /// The document in the namespace of STS.
    ///
    /// - Throws: `EncodingError` for a text that XML cannot carry.
    package func encoded() throws -> Data {
        try S3XML.encode(self, root: "GetCallerIdentityResponse", namespace: STSXML.namespace)
    }
}

/// An error of the query protocol.
package struct STSErrorResponse: Codable, Sendable {
    /// What went wrong, and on whose side.
    package struct Details: Codable, Sendable {
        /// `Sender` for the client's fault, `Receiver` for the server's.
        package var `Type`: String
        /// One of `STSError.Code`.
        package var Code: String
        /// For people.
        package var Message: String
    }

    package var Error: Details
    /// Names the call in the audit log and the server's log.
    package var RequestId: String

    /// - Parameter isOurs: whether the request was fine and the server is not.
    package init(code: String, message: String, isOurs: Bool, requestID: String) {
        Error = Details(Type: isOurs ? "Receiver" : "Sender", Code: code, Message: message)
        RequestId = requestID
    }

    /// The document in the namespace of STS.
    ///
    /// - Throws: `EncodingError` for a text that XML cannot carry.
    package func encoded() throws -> Data {
        try S3XML.encode(self, root: "ErrorResponse", namespace: STSXML.namespace)
    }
}

/// What the documents of STS have in common.
package enum STSXML {
    /// That of STS' documents, version 2011-06-15.
    package static let namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
}

/// What a client of STS learns when a call fails.
package struct STSError: Error, Sendable, Equatable {
    /// Codes of the query protocol, with those of STS.
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

        /// HTTP status of the answer.
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

    /// Decides the HTTP status too.
    package let code: Code
    /// For people; it goes to the client.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
