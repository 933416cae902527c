import Access
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Wire

/// The services behind the one port, told apart by the credential scope of a signature.
enum AWSService: String, Sendable, CaseIterable {
    case lookoutvision
    case s3
    case greengrass
    case sts

    /// How audit records name it.
    var eventSource: String { "\(rawValue).amazonaws.com" }
}

/// What answers the requests of one service.
protocol ServiceEndpoint: Sendable {
    /// Verifies who calls, checks that they may, and does what they ask.
    ///
    /// - Parameter call: gets what the audit log and the metrics tell about the request.
    func answer(_ request: Request, _ call: inout APICall) async throws -> Response

    /// An error in the form that the service's clients read.
    func failure(_ error: any Error, _ call: APICall) -> EndpointFailure
}

struct EndpointFailure: Sendable {
    let response: Response
    let code: String
    let message: String
    /// Whether the log should tell what happened, since the client is not told.
    let isInternal: Bool
}

/// One request on its way through the server, with all that the audit log tells about it.
struct APICall: Sendable {
    let requestID = UUID().uuidString.lowercased()
    let method: HTTPRequest.Method
    /// As sent, without the query.
    let path: String
    let query: String
    let sourceAddress: String?
    let userAgent: String?
    let hasBody: Bool
    var service = AWSService.lookoutvision
    /// nil for a request of no operation.
    var operation: String?
    var isReadOnly = false
    /// Whether it is about content rather than configuration, as CloudTrail tells them apart.
    var isDataEvent = false
    /// Whose key the request names.
    var claimed: Principal?
    /// Whether the signature was right.
    var isVerified = false
    var isBodyRead = false
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
        userAgent = request.headers[.userAgent]
        hasBody =
            request.headers[.contentLength].map { $0 != "0" }
            ?? (request.headers[.transferEncoding] != nil)
    }

    /// The request as signatures cover it.
    func signable(_ request: Request, query: [(name: String, value: String)]) -> SignableRequest {
        var fields = request.headers.map { (name: $0.name.rawName, value: $0.value) }
        // The host travels outside the fields.
        if let authority = request.head.authority { fields.append(("host", authority)) }
        return SignableRequest(
            method: request.method.rawValue, path: path, query: query, headers: fields)
    }
}

extension Request {
    /// The whole body.
    ///
    /// - Throws: `requestTooLarge`, before anything is read where the length is announced;
    ///   `serialization` when the body does not arrive whole.
    func collectedBody(bytesMax: Int, of operation: String) async throws -> Data {
        let tooLarge = WireError(
            .requestTooLarge, "The body may have at most \(bytesMax) bytes for \(operation).")
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > bytesMax {
            throw tooLarge
        }
        do {
            let buffer = try await body.collect(upTo: bytesMax)
            return Data(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        } catch {
            // The client went away, or what it sent is no HTTP.
            throw WireError(.serialization, "The body did not arrive whole.")
        }
    }
}

enum HeaderName {
    static let requestID = name("x-amzn-RequestId")
    static let errorType = name("x-amzn-ErrorType")

    static func name(_ text: String) -> HTTPField.Name {
        HTTPField.Name(text) ?? .contentType
    }
}

extension Response {
    /// A document of one of the JSON services.
    static func json(_ status: HTTPResponse.Status, _ body: Data, _ call: APICall) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "application/json"
        headers[HeaderName.requestID] = call.requestID
        guard call.method != .head else {
            headers[.contentLength] = String(body.count)
            return Response(status: status, headers: headers)
        }
        return Response(
            status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }
}
