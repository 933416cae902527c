import Access
import Base
import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Service
import Wire
import WireAWS

/// Answers requests to STS: who has the key that a request is signed with. Everybody may ask that
/// about themselves, whatever their policy says.
struct STSEndpoint: ServiceEndpoint {
    private static let bodyBytesMax = 64 << 10
    private static let action = "GetCallerIdentity"
    private static let apiVersion = "2011-06-15"

    let authenticator: Authenticator
    let arns: ARNs
    let now: @Sendable () -> Date

    func answer(_ request: Request, _ call: inout APICall) async throws -> Response {
        guard let query = PercentCoding.decodeQuery(call.query) else {
            throw STSError(.malformedInput, "The query string is not percent-encoded UTF-8.")
        }
        let header = request.headers[.authorization]
        let authorization =
            try header.map { try Authorization(header: $0) } ?? Authorization(query: query)
        let claim = try await authenticator.claim(accessKeyID: authorization.accessKeyID)
        call.claimed = claim.principal
        let body = try await request.collectedBody(
            bytesMax: Self.bodyBytesMax, of: AWSService.sts.rawValue)
        call.isBodyRead = true
        let signable = call.signable(request, query: query)
        if header != nil {
            try authenticator.verify(claim, signable, body: body, now: now())
        } else {
            let hash = Checksum.sha256(body)
            _ = try authenticator.verify(
                claim, signable, authorization, payloadHash: hash, now: now())
        }
        call.isVerified = true
        try checkAction(request, call, query, body)
        call.operation = Self.action
        call.isReadOnly = true
        call.input = .object([:])
        let principal = claim.principal
        let answer = GetCallerIdentityResponse(
            arn: principal.arn, userID: principal.userName ?? arns.account, account: arns.account,
            requestID: call.requestID)
        return response(.ok, try answer.encoded(), call)
    }

    private func checkAction(
        _ request: Request, _ call: APICall, _ query: [(name: String, value: String)], _ body: Data
    ) throws {
        guard request.method == .post || request.method == .get, call.path == "/" else {
            throw STSError(.invalidAction, "STS takes GET and POST of /.")
        }
        // A form writes a space as a plus.
        let form = String(decoding: body, as: UTF8.self).replacing("+", with: "%20")
        guard let sent = request.method == .post ? PercentCoding.decodeQuery(form) : [] else {
            throw STSError(.malformedInput, "The form is not percent-encoded UTF-8.")
        }
        let parameters = sent + query
        func value(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
        guard let action = value("Action") else {
            throw STSError(.missingAction, "The request has no Action; it must be \(Self.action).")
        }
        let version = value("Version") ?? Self.apiVersion
        guard action == Self.action, version == Self.apiVersion else {
            throw STSError(
                .invalidAction,
                "Could not find operation \(action.prefix(80)) for version \(version.prefix(20))")
        }
    }

    private func response(_ status: HTTPResponse.Status, _ body: Data, _ call: APICall) -> Response
    {
        var headers = HTTPFields()
        headers[.contentType] = "text/xml"
        headers[HeaderName.requestID] = call.requestID
        guard call.method != .head else { return Response(status: status, headers: headers) }
        return Response(
            status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }

    func failure(_ error: any Error, _ call: APICall) -> EndpointFailure {
        let error = Self.translated(error)
        let document = STSErrorResponse(
            code: error.code.rawValue, message: error.message,
            isOurs: error.code == .internalFailure, requestID: call.requestID)
        let body = (try? document.encoded()) ?? Data()
        return EndpointFailure(
            response: response(.init(code: error.code.httpStatus), body, call),
            code: error.code.rawValue, message: error.message,
            isInternal: error.code == .internalFailure)
    }

    private static func translated(_ error: any Error) -> STSError {
        switch error {
        case let error as STSError: error
        case let error as AccessError: STSError(code(of: error.code), error.message)
        case let error as WireError where error.code == .requestTooLarge:
            STSError(.requestTooLarge, error.message)
        case let error as WireError where error.code == .serialization:
            STSError(.malformedInput, error.message)
        default: STSError(.internalFailure, "An internal error happened.")
        }
    }

    private static func code(of code: AccessError.Code) -> STSError.Code {
        switch code {
        case .missingAuthenticationToken: .missingAuthenticationToken
        case .incompleteSignature, .missingTime: .incompleteSignature
        case .ambiguousRequest: .malformedInput
        case .unrecognizedClient: .invalidClientTokenID
        case .invalidSignature, .skewedTime, .wrongRegion, .accessDenied, .invalidPolicy:
            .signatureDoesNotMatch
        case .expired: .expiredToken
        }
    }
}
