package import FoundationEssentials

/// An error in the form of EC2, which is the query protocol with a list of errors.
package struct EC2ErrorResponse: Codable, Sendable {
    /// One error.
    package struct Details: Codable, Sendable {
        /// The error's name.
        package var Code: String
        /// For people.
        package var Message: String
    }

    /// The element around the errors.
    package struct List: Codable, Sendable {
        package var Error: Details
    }

    package var Errors: List
    /// Names the call in the audit log.
    package var RequestID: String

    package init(code: String, message: String, requestID: String) {
        Errors = List(Error: Details(Code: code, Message: message))
        RequestID = requestID
    }

    /// The document, which has no namespace.
    ///
    /// - Throws: `EncodingError` for a text that XML cannot carry.
    package func encoded() throws -> Data {
        try S3XML.encode(self, root: "Response", namespace: nil)
    }
}
