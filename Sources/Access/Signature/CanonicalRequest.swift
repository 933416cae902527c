import Base
import Crypto
package import FoundationEssentials
import Wire

/// The parts of an HTTP request that a signature covers.
package struct SignableRequest: Sendable {
    /// In upper case, as HTTP sends it.
    package var method: String
    /// Percent-encoded path as sent, without the query.
    package var path: String
    /// Percent-decoded pairs.
    package var query: [(name: String, value: String)]
    /// Every header as sent, `Host` included.
    package var headers: [(name: String, value: String)]

    /// Nothing is normalised here: the canonical request needs the path and headers as sent.
    package init(
        method: String, path: String, query: [(name: String, value: String)],
        headers: [(name: String, value: String)]
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
    }
}

/// Date, region and service that a signature is good for.
package struct SigningScope: Sendable, Equatable {
    /// `YYYYMMDD`.
    package let day: String
    /// Like `eu-central-1`.
    package let region: String
    /// AWS's signing name: `lookoutvision`, `s3`, `greengrass` or `sts`.
    package let service: String

    /// - Parameter day: In UTC, from the request's `X-Amz-Date`.
    package init(day: String, region: String, service: String) {
        self.day = day
        self.region = region
        self.service = service
    }

    /// `DAY/REGION/SERVICE/aws4_request`, as the credential and the string to sign contain it.
    package var text: String { "\(day)/\(region)/\(service)/aws4_request" }

    /// S3 signs the path as its keys are, every other service normalised and encoded twice.
    var isObjectPath: Bool { service == "s3" }
}

/// The canonical request and string to sign of Signature Version 4, as AWS publishes them in
/// "Create a signed AWS API request".
package enum CanonicalRequest {
    /// First line of the string to sign, and first word of the `Authorization` header.
    package static let algorithm = "AWS4-HMAC-SHA256"

    /// - Parameters:
    ///   - signedHeaders: lower-case names in order.
    ///   - payloadHash: lower-case hex, or one of AWS's words in its place.
    ///   - isObjectPath: whether the path is encoded once, as S3 has it.
    package static func text(
        of request: SignableRequest, signedHeaders: [String], payloadHash: String,
        isObjectPath: Bool = false
    ) -> String {
        let headers = signedHeaders.map { name in
            let values = request.headers.filter { $0.name.lowercased() == name }
                .map { collapse($0.value) }
            return "\(name):\(values.joined(separator: ","))\n"
        }
        return [
            request.method, isObjectPath ? objectPath(request.path) : path(request.path),
            query(request.query), headers.joined(), signedHeaders.joined(separator: ";"),
            payloadHash,
        ].joined(separator: "\n")
    }

    /// - Parameter time: `YYYYMMDDTHHMMSSZ`.
    package static func stringToSign(_ canonical: String, scope: SigningScope, time: String)
        -> String
    {
        [algorithm, time, scope.text, Checksum.sha256(Data(canonical.utf8))]
            .joined(separator: "\n")
    }

    static func signingKey(secret: String, scope: SigningScope) -> SymmetricKey {
        var key = SymmetricKey(data: Data("AWS4\(secret)".utf8))
        for part in [scope.day, scope.region, scope.service, "aws4_request"] {
            key = SymmetricKey(
                data: HMAC<SHA256>.authenticationCode(for: Data(part.utf8), using: key))
        }
        return key
    }

    static func signature(
        of stringToSign: String, secret: String, scope: SigningScope
    ) -> HashedAuthenticationCode<SHA256> {
        HMAC<SHA256>.authenticationCode(
            for: Data(stringToSign.utf8), using: signingKey(secret: secret, scope: scope))
    }

    /// The signature as it stands in a request.
    package static func hexSignature(
        of stringToSign: String, secret: String, scope: SigningScope
    ) -> String {
        Hex.encode(signature(of: stringToSign, secret: secret, scope: scope))
    }

    /// The path with dot segments and doubled slashes removed, then encoded once more: every
    /// service but S3 signs the path twice encoded.
    static func path(_ raw: String) -> String {
        var segments: [Substring] = []
        for segment in raw.split(separator: "/") where segment != "." {
            if segment == ".." { _ = segments.popLast() } else { segments.append(segment) }
        }
        let trailing = raw.hasSuffix("/") && !segments.isEmpty ? "/" : ""
        return "/" + segments.map { encode($0) }.joined(separator: "/") + trailing
    }

    /// The path encoded once, whatever its sender left unencoded: keys may hold dots and doubled
    /// slashes.
    static func objectPath(_ raw: String) -> String {
        raw.split(separator: "/", omittingEmptySubsequences: false)
            .map { encode(PercentCoding.decode($0) ?? String($0)) }
            .joined(separator: "/")
    }

    /// The canonical query: encoded, sorted by name and then by value, joined by `&`.
    package static func query(_ pairs: [(name: String, value: String)]) -> String {
        pairs.map { (encode($0.name), encode($0.value)) }
            .sorted { $0 < $1 }
            .map { "\($0)=\($1)" }
            .joined(separator: "&")
    }

    private static func collapse(_ value: String) -> String {
        value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
    }

    /// Percent-encodes all but RFC 3986's unreserved characters.
    ///
    /// - Parameter isPath: whether slashes stay as they are.
    package static func encode(_ text: some StringProtocol, isPath: Bool = false) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "/") where isPath: out += "/"
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.unicodeScalars.append(UnicodeScalar(byte))
            default:
                out += "%" + Hex.encode([byte]).uppercased()
            }
        }
        return out
    }
}

/// The time format of signatures, `YYYYMMDDTHHMMSSZ` in UTC.
package enum SigningTime {
    private static let style = Date.ISO8601FormatStyle(
        dateSeparator: .omitted, dateTimeSeparator: .standard, timeSeparator: .omitted)

    /// To the second: the format has no fractions.
    package static func format(_ date: Date) -> String { date.formatted(style) }

    /// - Returns: nil for any other form, such as one with dashes or fractions.
    package static func parse(_ text: String) -> Date? {
        guard text.utf8.count == 16 else { return nil }
        return try? Date(text, strategy: style)
    }
}
