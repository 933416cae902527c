import Access
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Wire
import WireAWS

/// Answers a request that is signed for a service which Spotter does not have. `AWS_ENDPOINT_URL`
/// sends all of a program's calls here; what its clients can read says how to send only some.
struct ForeignService: ServiceEndpoint {
    /// The forms of errors that the clients of AWS's services read.
    private enum Form {
        case json
        /// Maps of texts in CBOR, which newer clients of CloudWatch and others prefer.
        case cbor
        case query
        case ec2
    }

    /// The services whose errors are XML although their requests are not forms.
    private static let xmlServices: Set<String> = ["route53", "cloudfront", "s3-outposts"]

    /// As the signature names it.
    let name: String
    private let form: Form

    /// - Parameter name: the service that the request is signed for.
    /// - Returns: nil for one of Spotter's.
    init?(_ name: String, _ head: HTTPRequest) {
        guard AWSService(rawValue: name) == nil else { return nil }
        self.name = name
        let type = head.headerFields[.contentType]?.lowercased() ?? ""
        if name == "ec2" {
            form = .ec2
        } else if type.hasPrefix("application/x-www-form-urlencoded")
            || Self.xmlServices.contains(name)
        {
            form = .query
        } else {
            form = type.hasPrefix("application/cbor") ? .cbor : .json
        }
    }

    func answer(_ request: Request, _ call: inout APICall) async throws -> Response {
        throw WireError(
            .unknownOperation,
            "The request is signed for the service '\(name.prefix(40))', which Spotter does not "
                + "have; it has lookoutvision, s3, greengrass and sts. So that a program reaches "
                + "other services too, set AWS_ENDPOINT_URL_LOOKOUTVISION, AWS_ENDPOINT_URL_S3, "
                + "AWS_ENDPOINT_URL_GREENGRASSV2 and AWS_ENDPOINT_URL_STS to this server in place "
                + "of AWS_ENDPOINT_URL.")
    }

    func failure(_ error: any Error, _ call: APICall) -> EndpointFailure {
        let error = ErrorTranslation.wireError(for: error)
        return EndpointFailure(
            response: response(error, call), code: error.code.rawValue, message: error.message,
            isInternal: error.code == .internalServer)
    }

    private func response(_ error: WireError, _ call: APICall) -> Response {
        let (code, message) = (error.code.rawValue, error.message)
        let status = HTTPResponse.Status(code: error.code.httpStatus)
        switch form {
        case .json:
            let body: JSONValue = .object([
                "__type": .string(code), "message": .string(message), "Message": .string(message),
            ])
            return .failure(
                code, status: error.code.httpStatus, body: body, retryAfterSeconds: nil, call)
        case .cbor:
            var response = document(
                Self.cbor([("__type", code), ("message", message)]), "application/cbor", status,
                call)
            response.headers[named: "smithy-protocol"] = "rpc-v2-cbor"
            return response
        case .query:
            let document = STSErrorResponse(
                code: code, message: message, isOurs: false, requestID: call.requestID)
            return self.document((try? document.encoded()) ?? Data(), "text/xml", status, call)
        case .ec2:
            let document = EC2ErrorResponse(
                code: code, message: message, requestID: call.requestID)
            return self.document((try? document.encoded()) ?? Data(), "text/xml", status, call)
        }
    }

    private func document(
        _ bytes: Data, _ type: String, _ status: HTTPResponse.Status, _ call: APICall
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = type
        headers[HeaderName.requestID] = call.requestID
        guard call.method != .head else { return Response(status: status, headers: headers) }
        return Response(
            status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// A map of fewer than 24 short texts.
    private static func cbor(_ members: [(String, String)]) -> Data {
        var bytes = Data([0xA0 | UInt8(members.count)])
        for text in members.flatMap({ [$0.0, $0.1] }) {
            let length = UInt16(clamping: text.utf8.count)
            bytes += [0x79, UInt8(length >> 8), UInt8(length & 0xFF)]
            bytes += text.utf8.prefix(Int(length))
        }
        return bytes
    }
}
