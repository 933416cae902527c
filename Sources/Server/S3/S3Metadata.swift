import Access
import Base
import FoundationEssentials
import HTTPTypes
import Storage
import Wire
import WireAWS

/// What a put says about its object beside the bytes.
struct S3Metadata: Sendable {
    var headers: [String: String] = [:]
    var userMetadata: [String: String] = [:]
    /// nil for STANDARD.
    var storageClass: String?
    /// nil for none.
    var tags: [ObjectTag]?

    /// - Throws: `metadataTooLarge`, `invalidTag`, `invalidArgument`.
    init(_ request: S3Request) throws(S3Error) {
        for name in S3Header.kept {
            guard let value = request.header(name) else { continue }
            headers[name] = value
        }
        headers["content-encoding"] = headers["content-encoding"].flatMap(Self.withoutFraming)
        let named = request.header("x-amz-storage-class")
        storageClass = named == "STANDARD" ? nil : named
        tags = try request.header(S3Header.tagging).flatMap { text throws(S3Error) in
            try S3Tags.ofHeader(text)
        }
        var bytes = 0
        for field in request.headers {
            let name = field.name.canonicalName
            guard name.hasPrefix(S3Header.userPrefix) else { continue }
            let key = String(name.dropFirst(S3Header.userPrefix.count))
            userMetadata[key] = userMetadata[key].map { "\($0),\(field.value)" } ?? field.value
            bytes += key.utf8.count + field.value.utf8.count
        }
        guard bytes <= S3Limits.userMetadataBytesMax else {
            throw S3Error(
                .metadataTooLarge, "Your metadata headers exceed the maximum allowed metadata size",
                details: ["MaxSizeAllowed": String(S3Limits.userMetadataBytesMax)])
        }
    }

    /// A Content-Encoding without `aws-chunked`, otherwise as it was given: how a body travels is
    /// not a property of the object.
    static func withoutFraming(_ encoding: String) -> String? {
        let kept = encoding.split(separator: ",").filter {
            $0.filter { $0 != " " } != "aws-chunked"
        }
        let text = kept.joined(separator: ",").drop { $0 == " " }
        return text.isEmpty ? nil : String(text)
    }
}

extension S3Request {
    /// The checksum that the client wants kept although it sends none.
    func wantedChecksum() throws(S3Error) -> Set<ChecksumAlgorithm> {
        let name = header("x-amz-checksum-algorithm") ?? header("x-amz-sdk-checksum-algorithm")
        guard let name else { return [] }
        guard let algorithm = ChecksumAlgorithm(rawValue: name.lowercased()) else {
            throw S3Error(
                .invalidRequest,
                "Checksum algorithm provided is unsupported. Please try again with any of the "
                    + "valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
        }
        return [algorithm]
    }

    /// What must hold at the moment when the object appears or goes.
    func writeCondition() throws(S3Error) -> WriteCondition {
        var conditions: [WriteCondition] = []
        if let match = header("if-match") {
            conditions.append(match == "*" ? .present : .etag(match.filter { $0 != "\"" }))
        }
        if let none = header("if-none-match") {
            conditions.append(none == "*" ? .absent : .otherETag(none.filter { $0 != "\"" }))
        }
        if operation == .deleteObject {
            let unchanged = try WriteCondition.unchanged(
                time: header("x-amz-if-match-last-modified-time"),
                size: header("x-amz-if-match-size").map { Int($0) ?? -1 })
            if let unchanged { conditions.append(unchanged) }
        }
        return conditions.count > 1 ? .all(conditions) : conditions.first ?? .none
    }
    private static let unsupportedHeaders = [
        "x-amz-website-redirect-location", "x-amz-mfa", "x-amz-object-lock-mode",
        "x-amz-object-lock-retain-until-date",
        "x-amz-object-lock-legal-hold", "x-amz-bucket-object-lock-enabled",
        "x-amz-server-side-encryption-customer-algorithm",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-server-side-encryption-customer-key-md5",
        "x-amz-copy-source-server-side-encryption-customer-algorithm",
        "x-amz-copy-source-server-side-encryption-customer-key",
        "x-amz-copy-source-server-side-encryption-customer-key-md5",
        "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-context",
        "x-amz-grant-read", "x-amz-grant-write", "x-amz-grant-full-control",
        "x-amz-grant-read-acp", "x-amz-grant-write-acp", "x-amz-write-offset-bytes",
    ]

    /// What Amazon's S3 knows. An object of any class can be read at once here.
    private static let storageClasses: Set<String> = [
        "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
        "GLACIER", "DEEP_ARCHIVE", "OUTPOSTS", "GLACIER_IR", "SNOW", "EXPRESS_ONEZONE",
    ]
    private static let keyManagement: Set<String> = ["aws:kms", "aws:kms:dsse", "aws:fsx"]

    /// Refuses what would be done otherwise than asked: an object that its owner believes to be
    /// encrypted with a key of their own or locked must not lie about it. `AES256` is what Amazon
    /// does by default, and what docs/s3.md says about it.
    func checkSupported() throws(S3Error) {
        func refuse(_ what: String) -> S3Error {
            S3Error(
                .notImplemented,
                "A header you provided implies functionality that is not implemented: \(what)")
        }
        for name in Self.unsupportedHeaders where header(name) != nil { throw refuse(name) }
        if let acl = header("x-amz-acl") { try AccessLists.check(canned: acl) }
        let takesTags: Set<S3Operation> = [
            .putObject, .postObject, .copyObject, .createMultipartUpload,
        ]
        if header(S3Header.tagging) != nil, !takesTags.contains(operation) {
            throw refuse(S3Header.tagging)
        }
        for what in ["metadata", "tagging"] {
            guard let directive = header("x-amz-\(what)-directive") else { continue }
            guard ["COPY", "REPLACE"].contains(directive.uppercased()) else {
                throw S3Error(
                    .invalidArgument, "Unknown \(what) directive.",
                    details: ["ArgumentName": "x-amz-\(what)-directive"])
            }
        }
        if let storage = header("x-amz-storage-class"), !Self.storageClasses.contains(storage) {
            throw S3Error(
                .invalidStorageClass, "The storage class you specified is not valid",
                details: ["StorageClassRequested": String(storage.prefix(40))])
        }
        switch header(S3Header.encryption.canonicalName) {
        case nil: break
        case .some where [.getObject, .headObject].contains(operation):
            throw S3Error(
                .invalidArgument,
                "x-amz-server-side-encryption header is not supported for this operation.",
                details: ["ArgumentName": "x-amz-server-side-encryption"])
        case "AES256": break
        case let method? where Self.keyManagement.contains(method):
            throw refuse("x-amz-server-side-encryption: \(method); only AES256 is there")
        default:
            throw S3Error(
                .invalidArgument, "The encryption method specified is not supported",
                details: ["ArgumentName": "x-amz-server-side-encryption"])
        }
        if let version = parameter("versionId"), version != "null" { throw refuse("versionId") }
    }
}

extension WriteCondition {
    /// - Parameters:
    ///   - time: as HTTP or ISO 8601 has it; fractions of a second are not compared.
    ///   - size: in bytes.
    /// - Returns: nil without either.
    /// - Throws: `invalidArgument` for a time that cannot be read.
    static func unchanged(time: String?, size: Int?) throws(S3Error) -> WriteCondition? {
        guard time != nil || size != nil else { return nil }
        let seconds = try time.map { text throws(S3Error) in
            let date =
                HTTPDate.parse(text) ?? (try? Date(text, strategy: .iso8601))
                ?? (try? Date(
                    text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
            guard let date else {
                throw S3Error(
                    .invalidArgument,
                    "A time must be like Sat, 31 Jan 2026 23:59:59 GMT, not "
                        + "'\(text.prefix(40))'.")
            }
            return Int(date.timeIntervalSince1970.rounded(.down))
        }
        return .unchanged(seconds: seconds, size: size)
    }
}

extension HTTPFields {
    mutating func add(checksums attributes: ObjectAttributes) {
        for (name, value) in attributes.checksums {
            self[named: "x-amz-checksum-\(name)"] = value
        }
        if !attributes.checksums.isEmpty {
            self[S3Header.checksumType] = attributes.checksumType
        }
    }
}

extension S3Operation {
    /// Whether Amazon's answer says how the object is encrypted at rest.
    var namesEncryption: Bool {
        switch self {
        case .putObject, .copyObject, .getObject, .headObject, .createMultipartUpload,
            .uploadPart, .uploadPartCopy, .completeMultipartUpload:
            true
        default: false
        }
    }
}

enum S3Time {
    /// `2026-01-31T23:59:59.000Z`.
    static func text(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}

/// The one element of GetBucketLocation.
struct LocationConstraint: Encodable {
    let value: String

    private enum CodingKeys: String, CodingKey {
        case value = ""
    }
}
