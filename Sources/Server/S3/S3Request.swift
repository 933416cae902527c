import Access
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Storage
import Wire

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
        guard let path = PercentCoding.decode(call.path), path.hasPrefix("/") else { throw invalid }
        var rest = path.dropFirst()
        if let bucket = Self.hostedBucket(request.head.authority) {
            self.bucket = bucket
        } else {
            let end = rest.firstIndex(of: "/") ?? rest.endIndex
            bucket = String(rest[..<end])
            rest = rest[end...].dropFirst()
        }
        key = String(rest)
        guard !bucket.isEmpty || key.isEmpty else { throw invalid }
        let copied = request.headers[S3Header.copySource]
        let names = Set(query.map(\.name))
        operation = try S3Operation.find(
            method: request.method.rawValue,
            target: bucket.isEmpty ? .service : key.isEmpty ? .bucket : .object, query: names,
            isCopy: copied != nil)
        let source = try copied.map { text throws(S3Error) in try Self.source(text) }
        self.source = source
        self.query = query
        headers = request.headers
        requestID = call.requestID
        try checkSupported()
    }

    /// The bucket that the host names; nil for the path style.
    static func hostedBucket(_ authority: String?) -> String? {
        let host = (authority ?? "").split(separator: ":").first?.lowercased() ?? ""
        guard host.hasSuffix(virtualHostSuffix) else { return nil }
        let name = host.dropLast(virtualHostSuffix.count)
        if name == "s3" { return nil }
        return String(name.hasSuffix(".s3") ? name.dropLast(3) : name)
    }

    /// `/BUCKET/KEY`, percent-encoded, with or without the first slash.
    private static func source(_ text: String) throws(S3Error) -> ObjectLocation {
        guard !text.contains("?versionId="), let path = PercentCoding.decode(text) else {
            throw S3Error(.notImplemented, "X-Amz-Copy-Source must not name a version.")
        }
        guard let location = ObjectLocation(uri: "s3://" + path.drop { $0 == "/" }) else {
            throw S3Error(.invalidArgument, "X-Amz-Copy-Source must be /BUCKET/KEY.")
        }
        return location
    }

    /// What the audit log tells of it.
    var auditInput: JSONValue {
        let members = [("BucketName", bucket), ("Key", key), ("CopySource", source?.uri ?? "")]
        return .object(
            members.reduce(into: [:]) { input, member in
                if !member.1.isEmpty { input[member.0] = .string(member.1) }
            })
    }

    func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

    func header(_ name: String) -> String? { headers[HeaderName.name(name)] }

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
    static let decodedLength = HeaderName.name("x-amz-decoded-content-length")
    static let requestID = HeaderName.name("x-amz-request-id")
    static let region = HeaderName.name("x-amz-bucket-region")
    static let trailer = HeaderName.name("x-amz-trailer")
    static let checksumType = HeaderName.name("x-amz-checksum-type")
    static let userPrefix = "x-amz-meta-"
    /// What an object keeps and gives back as it was put.
    static let kept = [
        "content-type", "cache-control", "content-disposition", "content-encoding",
        "content-language", "expires",
    ]
}
