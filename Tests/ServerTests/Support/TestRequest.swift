import Access
import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore

/// A request before it is sent. What is changed after `signed` was not signed.
struct TestRequest: Sendable {
    var method: HTTPRequest.Method
    /// Percent-encoded.
    var path: String
    /// Not encoded.
    var query: [(name: String, value: String)] = []
    /// Without `Host` and `Content-Length`, which the client adds.
    var headers: [(name: String, value: String)] = []
    var body: Data

    init(
        _ method: HTTPRequest.Method, _ path: String, query: [(String, String)] = [],
        headers: [(String, String)] = [], body: String = ""
    ) {
        self.init(method, path, query: query, headers: headers, body: Data(body.utf8))
    }

    init(
        _ method: HTTPRequest.Method, _ path: String, query: [(String, String)] = [],
        headers: [(String, String)] = [], body: Data
    ) {
        self.method = method
        self.path = path
        self.query = query.map { ($0.0, $0.1) }
        self.headers = headers.map { ($0.0, $0.1) }
        self.body = body
    }

    /// A GET of a whole address, such as a presigned one.
    init(_ method: HTTPRequest.Method = .get, url: String, body: Data = Data()) {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        self.init(method, "/" + (parts.count > 3 ? parts[3] : ""), body: body)
    }

    var uri: String {
        query.isEmpty ? path : "\(path)?\(CanonicalRequest.query(query))"
    }

    /// - Parameter host: as the client will name it.
    func signed(
        as key: Credentials, _ service: String, region: String = "us-east-1",
        host: String = "localhost", payload: SignedPayload? = nil, at time: Date
    ) -> TestRequest {
        let signer = RequestSigner(credentials: key, region: region, service: service)
        var request = self
        request.headers += signer.headers(
            for: SignableRequest(
                method: method.rawValue, path: path, query: query,
                headers: [("host", host)] + headers),
            payload: payload ?? .bytes(body), now: time)
        return request
    }

    func send(by client: some TestClientProtocol) async throws -> Answer {
        var fields = HTTPFields()
        for (name, value) in headers {
            fields.append(HTTPField(name: try HTTPField.Name.tested(name), value: value))
        }
        let response = try await client.executeRequest(
            uri: uri, method: method, headers: fields,
            body: body.isEmpty ? nil : ByteBuffer(bytes: body))
        return Answer(
            status: response.status.code, headers: response.headers,
            body: Data(response.body.readableBytesView))
    }
}

extension HTTPField.Name {
    struct Invalid: Error {
        let name: String
    }

    static func tested(_ name: String) throws -> HTTPField.Name {
        guard let field = HTTPField.Name(name) else { throw Invalid(name: name) }
        return field
    }
}
