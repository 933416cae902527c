import Access
import Foundation
import TestSupport
import Testing

/// Requests that botocore signed; made by scripts/make-signature-vectors.
private struct Vectors: Decodable {
    struct Request: Decodable, CustomTestStringConvertible, Sendable {
        let name: String
        let method: String
        let path: String
        let body: String
        let headers: [String: String]

        var testDescription: String { name }

        var signable: SignableRequest {
            let parts = path.split(separator: "?", maxSplits: 1)
            let pairs = (parts.count > 1 ? parts[1] : "").split(separator: "&").map { pair in
                let sides = pair.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (name: decoded(sides[0]), value: decoded(sides[1]))
            }
            return SignableRequest(
                method: method, path: String(parts[0]), query: pairs,
                headers: headers.map { ($0.key, $0.value) })
        }

        private func decoded(_ text: Substring) -> String {
            String(text).removingPercentEncoding ?? ""
        }
    }

    let accessKeyID: String
    let secretAccessKey: String
    let epochSeconds: Double
    let requests: [Request]

    static let all: Vectors? = try? JSONDecoder().decode(
        Vectors.self, from: Checkout.bytes("Tests/AccessTests/vectors.json"))
}

@Suite struct SignatureTests {
    private let now = Date(timeIntervalSince1970: Vectors.all?.epochSeconds ?? 0)

    private var credentials: Credentials {
        Credentials(
            accessKeyID: Vectors.all?.accessKeyID ?? "",
            secretAccessKey: Vectors.all?.secretAccessKey ?? "")
    }

    private var verifier: SignatureVerifier {
        SignatureVerifier(
            region: "us-east-1", services: ["lookoutvision"],
            key: { [credentials] in $0 == credentials.accessKeyID ? credentials : nil })
    }

    @Test func thereAreVectors() { #expect((Vectors.all?.requests.count ?? 0) >= 9) }

    @Test(arguments: Vectors.all?.requests ?? [])
    fileprivate func whatBotocoreSignsIsAccepted(_ request: Vectors.Request) throws {
        try verifier.verify(request.signable, body: Data(request.body.utf8), now: now)
    }

    @Test(arguments: Vectors.all?.requests ?? [])
    fileprivate func anyChangeIsRefused(_ request: Vectors.Request) {
        let body = Data(request.body.utf8)
        func refused(_ change: (inout SignableRequest) -> Void, body: Data) {
            var changed = request.signable
            change(&changed)
            #expect(throws: AccessError.self) {
                try verifier.verify(changed, body: body, now: now)
            }
        }
        refused({ $0.method = "HEAD" }, body: body)
        refused({ $0.path += "x" }, body: body)
        refused({ $0.query.append(("more", "1")) }, body: body)
        refused({ _ in }, body: body + Data([0]))
        refused({ $0.headers.append(("x-amz-added", "1")) }, body: body)
        refused({ $0.headers.removeAll { $0.name == "Host" } }, body: body)
        refused(
            { request in
                for index in request.headers.indices where request.headers[index].name == "Host" {
                    request.headers[index].value = "elsewhere"
                }
            }, body: body)
    }

    @Test func skewIsAllowedUpToFiveMinutes() throws {
        let request = try #require(Vectors.all?.requests.first)
        for seconds in [-300.0, 300] {
            try verifier.verify(
                request.signable, body: Data(), now: now.addingTimeInterval(seconds))
        }
        for seconds in [-301.0, 301] {
            let error = #expect(throws: AccessError.self) {
                try verifier.verify(
                    request.signable, body: Data(), now: now.addingTimeInterval(seconds))
            }
            #expect(error?.code == .skewedTime)
        }
    }

    @Test func ourOwnSignerIsAccepted() throws {
        let signer = RequestSigner(
            credentials: credentials, region: "us-east-1", service: "lookoutvision")
        var request = SignableRequest(
            method: "POST", path: "/a%20b/c", query: [("z", "1"), ("a", "ü&=")],
            headers: [("Host", "h:1")])
        request.headers += signer.headers(
            for: request, payload: .bytes(Data("x".utf8)), now: now)
        try verifier.verify(request, body: Data("x".utf8), now: now)
        #expect(throws: AccessError.self) {
            try verifier.verify(request, body: Data("y".utf8), now: now)
        }
    }

    @Test func anUnsignedPayloadIsRefusedWithTheReason() throws {
        var request = SignableRequest(
            method: "GET", path: "/", query: [],
            headers: [("Host", "h"), ("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD")])
        let time = SigningTime.format(now)
        request.headers.append(("X-Amz-Date", time))
        let signed = ["host", "x-amz-content-sha256", "x-amz-date"]
        let canonical = CanonicalRequest.text(
            of: request, signedHeaders: signed, payloadHash: "UNSIGNED-PAYLOAD")
        let signature = try #require(
            Self.signature(canonical, time: time, credentials: credentials))
        request.headers.append(
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(time.prefix(8))/us-east-1"
                    + "/lookoutvision/aws4_request, SignedHeaders=\(signed.joined(separator: ";")), "
                    + "Signature=\(signature)"
            ))
        let error = #expect(throws: AccessError.self) {
            try verifier.verify(request, body: Data("any".utf8), now: now)
        }
        #expect(error?.message == "This operation needs a signed payload.")
    }

    private static func signature(_ canonical: String, time: String, credentials: Credentials)
        -> String?
    {
        let scope = SigningScope(
            day: String(time.prefix(8)), region: "us-east-1", service: "lookoutvision")
        return CanonicalRequest.hexSignature(
            of: CanonicalRequest.stringToSign(canonical, scope: scope, time: time),
            secret: credentials.secretAccessKey, scope: scope)
    }

    @Test(arguments: [
        "", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request",
        "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=00",
        "Basic abc",
    ])
    func brokenHeadersAreRefused(header: String) {
        #expect(throws: AccessError.self) { try Authorization(header: header) }
    }

    @Test func secretsStayOutOfDescriptions() {
        #expect(!"\(credentials)".contains(credentials.secretAccessKey))
    }
}
