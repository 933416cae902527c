import Access
import Base
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Service
import Wire

/// One request on its way through the server, with all that the audit log records about it.
struct APICall: Sendable {
    /// A UUID, in the response's headers, the log and the audit line.
    let requestID = UUID.random().uuidString.lowercased()
    let method: HTTPRequest.Method
    /// As sent, without the query.
    let path: String
    /// As sent, without the question mark.
    let query: String
    let sourceAddress: String?
    /// Whether it came through TLS.
    let isSecure: Bool
    let userAgent: String?
    let hasBody: Bool
    /// Asks a client that waits for `100 Continue` to send its body; nil for one that does not.
    let wantBody: (@Sendable () -> Void)?
    var service = AWSService.lookoutvision
    /// nil for a request of no operation.
    var operation: String?
    var isReadOnly = false
    /// Whether it is about content rather than configuration, as CloudTrail distinguishes them.
    var isDataEvent = false
    /// Whose key the request names.
    var claimed: Principal?
    /// Whether the signature was right.
    var isVerified = false
    var isBodyRead = false
    /// How audit records call where it came from: an API's call, or a page of the console.
    var eventType = "AwsApiCall"
    /// How audit records name the service, where that is not `service`.
    var eventSource: String?
    /// What lets a page of another origin read the answer, also when it is an error.
    var crossOrigin = HTTPFields()
    var input: JSONValue?
    var answer: Data?
    var error: (code: String, message: String)?

    init(_ request: Request, _ context: APIRequestContext) {
        method = request.method
        let parts = (request.head.path ?? "/").split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = parts.first.map(String.init) ?? "/"
        query = parts.count > 1 ? String(parts[1]) : ""
        sourceAddress = context.remoteAddress
        isSecure = request.head.scheme == "https"
        userAgent = request.headers[.userAgent]
        wantBody = request.headers[.expect] == nil ? nil : context.wantBody
        hasBody =
            request.headers[.contentLength].map { $0 != "0" }
            ?? (request.headers[.transferEncoding] != nil)
    }

    /// The query's names and values, percent-decoded, for the services that answer in JSON.
    ///
    /// - Throws: `validation` for a query that is not percent-encoded UTF-8.
    func parameters() throws(WireError) -> [(name: String, value: String)] {
        guard let pairs = PercentCoding.decodeQuery(query) else {
            throw .validation("The query string is not percent-encoded UTF-8.")
        }
        return pairs
    }
    /// On whose behalf it is done.
    ///
    /// - Parameter principal: the owner of the key that it is signed with.
    func caller(_ principal: Principal) -> Caller {
        Caller(principal: principal, sourceAddress: sourceAddress, isSecure: isSecure)
    }
}
