import Base
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Wire

extension Response {
    /// A document of one of the JSON services; its length without the document for HEAD.
    ///
    /// - Parameter fields: more header fields, by name.
    static func json(
        _ status: HTTPResponse.Status, _ body: Data, _ call: APICall, fields: [String: String] = [:]
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "application/json"
        headers[HeaderName.requestID] = call.requestID
        for (name, value) in fields { headers[named: name] = value }
        guard call.method != .head else {
            headers[.contentLength] = String(body.count)
            return Response(status: status, headers: headers)
        }
        return Response(
            status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }

    /// An error of one of the JSON services.
    ///
    /// - Parameters:
    ///   - code: the error's name, for the header that clients read it from.
    ///   - retryAfterSeconds: nil leaves the Retry-After header out.
    static func failure(
        _ code: String, status: Int, body: JSONValue, retryAfterSeconds: Int?, _ call: APICall
    ) -> Response {
        let bytes = (try? JSONCoding.encode(body)) ?? Data("{}".utf8)
        var response = Response.json(.init(code: status), bytes, call)
        response.headers[HeaderName.errorType] = code
        response.headers[.retryAfter] = retryAfterSeconds.map(String.init)
        return response
    }

    /// An error in the API's form.
    static func wire(_ error: WireError, _ call: APICall) -> Response {
        var response = failure(
            error.code.rawValue, status: error.code.httpStatus, body: error.body,
            retryAfterSeconds: error.retryAfterSeconds, call)
        if error.code == .methodNotAllowed {
            let methods = Route.methods(path: call.path)
            response.headers[.allow] = (methods.isEmpty ? ["GET", "HEAD"] : methods)
                .joined(separator: ", ")
        }
        return response
    }
}
