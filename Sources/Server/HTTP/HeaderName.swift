import HTTPTypes

/// Names of header fields that the standard does not have.
enum HeaderName {
    static let requestID = name("x-amzn-RequestId")
    static let errorType = name("x-amzn-ErrorType")

    /// A name that stands in the source. One that HTTP does not allow is our mistake and ends the
    /// program at its first use; names that are computed go through `HTTPFields[named:]`.
    static func name(_ text: StaticString) -> HTTPField.Name {
        guard let name = HTTPField.Name("\(text)") else {
            preconditionFailure("'\(text)' is not a header name.")
        }
        return name
    }
}

extension HTTPFields {
    /// The field of a computed name, in any case. A name that HTTP does not allow has no value and
    /// cannot be sent: setting it leaves the fields as they are.
    subscript(named text: String) -> String? {
        get { HTTPField.Name(text).flatMap { self[$0] } }
        set {
            guard let name = HTTPField.Name(text) else { return }
            self[name] = newValue
        }
    }
}
