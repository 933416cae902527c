import Access
import Base
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Storage
import Wire
import WireAWS

/// A request to S3, taken apart.
struct S3Request: Sendable {
    /// `*.localhost` names this machine, so it can carry buckets without anybody's DNS.
    private static let virtualHostSuffix = ".localhost"

    let operation: S3Operation
    /// Empty for the service itself.
    let bucket: String
    /// Empty for a bucket.
    let key: String
    let query: [(name: String, value: String)]
    /// With what a presigned URL carries in their place.
    let headers: HTTPFields
    /// The object that X-Amz-Copy-Source names.
    let source: ObjectLocation?
    let requestID: String

    var location: ObjectLocation { ObjectLocation(bucket: bucket, key: key) }

    /// - Throws: `S3Error` when the address cannot be read or nothing is found there.
    init(
        _ request: Request, _ call: APICall, query: [(name: String, value: String)]
    ) throws(S3Error) {
        let invalid = S3Error(.invalidURI, "Couldn't parse the specified URI.")
        guard let path = PercentCoding.decode(call.path), path.utf8.first == Self.slash else {
            throw invalid
        }
        // By bytes: a slash before a combining mark is not a character of its own.
        var rest = path.utf8.dropFirst()
        if let bucket = Self.hostedBucket(request.head.authority) {
            self.bucket = bucket
        } else {
            let end = rest.firstIndex(of: Self.slash) ?? rest.endIndex
            bucket = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[end...].dropFirst()
        }
        key = String(decoding: rest, as: UTF8.self)
        guard !bucket.isEmpty || key.isEmpty else { throw invalid }
        try Self.check(key: key)
        headers = Self.headers(of: request, query)
        let copied = headers[S3Header.copySource]
        operation = try S3Operation.find(
            method: request.method.rawValue,
            target: bucket.isEmpty ? .service : key.isEmpty ? .bucket : .object,
            query: Set(query.map(\.name)), isCopy: copied != nil)
        let source = try copied.map { text throws(S3Error) in try Self.source(text) }
        self.source = source
        self.query = query
        requestID = call.requestID
        try checkSupported()
    }

    /// The put that a browser's form is.
    ///
    /// - Throws: `S3Error` for a key or a wish that a put could not have either.
    init(_ form: S3Form, bucket: String, _ call: APICall) throws(S3Error) {
        operation = .postObject
        self.bucket = bucket
        key = form.fields["key"] ?? ""
        guard !key.isEmpty else {
            throw S3Error(
                .invalidArgument, "User key must have a length greater than 0.",
                details: ["ArgumentName": "key"])
        }
        try Self.check(key: key)
        headers = try form.headers()
        query = []
        source = nil
        requestID = call.requestID
        try checkSupported()
    }

    /// The bucket of a request that need not be one of an operation; empty when it names none.
    static func bucket(_ request: Request, path: String) -> String {
        hostedBucket(request.head.authority)
            ?? path.split(separator: "/", maxSplits: 1).first.flatMap { PercentCoding.decode($0) }
            ?? ""
    }

    /// The bucket that the host names; nil for the path style.
    static func hostedBucket(_ authority: String?) -> String? {
        let host = (authority ?? "").split(separator: ":").first?.lowercased() ?? ""
        guard host.hasSuffix(virtualHostSuffix) else { return nil }
        let name = host.dropLast(virtualHostSuffix.count)
        if name == "s3" { return nil }
        return String(name.hasSuffix(".s3") ? name.dropLast(3) : name)
    }

    /// A client that presigns a URL of Version 4 moves headers into its query, all of which is
    /// signed. Of Version 2 nothing in the query is a header: little of it is signed.
    private static func headers(
        of request: Request, _ query: [(name: String, value: String)]
    ) -> HTTPFields {
        var fields = request.headers
        guard fields[.authorization] == nil,
            query.contains(where: { $0.name == "X-Amz-Signature" })
        else { return fields }
        for (name, value) in query {
            let lower = name.lowercased()
            guard lower.hasPrefix("x-amz-"), !signatureParameters.contains(lower),
                let field = HTTPField.Name(lower), fields[field] == nil
            else { continue }
            fields[field] = value
        }
        return fields
    }

    static let signatureParameters: Set<String> = [
        "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires",
        "x-amz-signedheaders", "x-amz-signature", "x-amz-security-token", "x-amz-content-sha256",
    ]
    private static let slash = UInt8(ascii: "/")

    private static func check(key: String) throws(S3Error) {
        guard key.utf8.count <= ObjectKey.bytesMax else {
            throw S3Error(
                .keyTooLong, "Your key is too long",
                details: [
                    "Size": String(key.utf8.count), "MaxSizeAllowed": String(ObjectKey.bytesMax),
                ])
        }
        // XML has no way to name them, so answers could not be read.
        let isSound = key.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && $0.value != 0xFFFE && $0.value != 0xFFFF
        }
        guard isSound else {
            throw S3Error(.invalidArgument, "A key must not have control characters.")
        }
    }

    /// `/BUCKET/KEY`, percent-encoded, with or without the first slash.
    private static func source(_ text: String) throws(S3Error) -> ObjectLocation {
        let sides = text.split(separator: "?", maxSplits: 1)
        guard sides.count < 2 || sides[1] == "versionId=null" else {
            throw S3Error(.notImplemented, "X-Amz-Copy-Source must not name a version.")
        }
        let malformed = S3Error(.invalidArgument, "X-Amz-Copy-Source must be /BUCKET/KEY.")
        guard let path = sides.first.flatMap({ PercentCoding.decode($0) }) else { throw malformed }
        let bare = path.utf8.first == slash ? String(path.utf8.dropFirst()) ?? "" : path
        guard let location = ObjectLocation(uri: "s3://" + bare) else { throw malformed }
        try check(key: location.key)
        return location
    }

    /// Whether a copy would go where it comes from; by bytes, as files have their names.
    var isCopyOntoItself: Bool {
        guard let source else { return false }
        return Array(source.uri.utf8) == Array(location.uri.utf8)
    }

    /// What the audit log records about it.
    var auditInput: JSONValue {
        let members = [("BucketName", bucket), ("Key", key), ("CopySource", source?.uri ?? "")]
        return .object(
            members.reduce(into: [:]) { input, member in
                if !member.1.isEmpty { input[member.0] = .string(member.1) }
            })
    }

    func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

    func header(_ name: String) -> String? { headers[named: name] }

    /// A number within bounds.
    ///
    /// - Returns: `standard` when the parameter is not there.
    func number(_ name: String, in range: ClosedRange<Int>, standard: Int) throws(S3Error) -> Int {
        guard let text = parameter(name), !text.isEmpty else { return standard }
        guard let number = Int(text), range.contains(number) else {
            throw S3Error(
                .invalidArgument,
                "Argument \(name) must be an integer between \(range.lowerBound) and "
                    + "\(range.upperBound)",
                details: ["ArgumentName": name, "ArgumentValue": String(text.prefix(80))])
        }
        return number
    }
}

enum S3Header {
    static let contentHash = HeaderName.name("x-amz-content-sha256")
    static let copySource = HeaderName.name("x-amz-copy-source")
    static let date = HeaderName.name("x-amz-date")
    static let decodedLength = HeaderName.name("x-amz-decoded-content-length")
    static let requestID = HeaderName.name("x-amz-request-id")
    static let region = HeaderName.name("x-amz-bucket-region")
    static let trailer = HeaderName.name("x-amz-trailer")
    static let encryption = HeaderName.name("x-amz-server-side-encryption")
    static let storageClass = HeaderName.name("x-amz-storage-class")
    static let checksumType = HeaderName.name("x-amz-checksum-type")
    static let partsCount = HeaderName.name("x-amz-mp-parts-count")
    static let taggingCount = HeaderName.name("x-amz-tagging-count")
    static let tagging = "x-amz-tagging"
    static let userPrefix = "x-amz-meta-"
    /// What an object keeps and gives back as it was put.
    static let kept = [
        "content-type", "cache-control", "content-disposition", "content-encoding",
        "content-language", "expires",
    ]

    /// SwiftNIO reads headers as UTF-8 and puts U+FFFD where they are not, so that their bytes are
    /// lost. To store that would damage what the client said, and its signature cannot be checked.
    ///
    /// - Throws: `invalidArgument` that names such a header, of those that S3 keeps or signs.
    static func checkText(of headers: HTTPFields) throws(S3Error) {
        for field in headers where field.value.unicodeScalars.contains("\u{FFFD}") {
            let name = field.name.canonicalName
            guard kept.contains(name) || name.hasPrefix("x-amz-") else { continue }
            throw S3Error(
                .invalidArgument,
                "The header \(name) is not UTF-8. Send it as UTF-8, or as an encoded word of RFC "
                    + "2047, which comes back as it was sent.", details: ["ArgumentName": name])
        }
    }
}
