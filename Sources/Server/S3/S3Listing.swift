import Access
import Base
import FoundationEssentials
import Hummingbird
import Storage
import Wire
import WireAWS

/// ListObjects, ListObjectsV2 and ListObjectVersions.
struct S3Listing: Sendable {
    private let request: S3Request
    private let owner: S3Owner
    private let isVersion2: Bool
    private let prefix: String
    private let delimiter: String?
    private let limit: Int
    private let encoding: KeyEncoding

    init(_ request: S3Request, _ owner: S3Owner) throws(S3Error) {
        self.request = request
        self.owner = owner
        isVersion2 = request.operation == .listObjectsV2
        prefix = request.parameter("prefix") ?? ""
        delimiter = request.parameter("delimiter").flatMap { $0.isEmpty ? nil : $0 }
        limit = min(
            try request.number("max-keys", in: 0...Int(Int32.max), standard: S3Limits.keysMax),
            S3Limits.keysMax)
        encoding = try KeyEncoding(
            request, texts: ["prefix", "delimiter", "marker", "start-after", "key-marker"])
        if isVersion2, request.parameter("list-type") != "2" {
            throw S3Error(.invalidArgument, "Argument list-type must be 2")
        }
    }

    func answer(_ store: DirectoryStore) async throws -> Response {
        var page = try await store.page(
            request.bucket,
            ListQuery(
                prefix: prefix, delimiter: delimiter, after: try after(), limit: max(1, limit)))
        if limit == 0 { (page.objects, page.prefixes, page.next) = ([], [], nil) }
        if request.operation == .listObjectVersions { return try versions(page) }
        return try objects(page)
    }

    private func objects(_ page: ListPage) throws -> Response {
        var result = ListBucketResult()
        result.Name = request.bucket
        result.Prefix = encoding.text(prefix)
        result.Delimiter = delimiter.map(encoding.text)
        result.MaxKeys = limit
        result.EncodingType = encoding.name
        result.IsTruncated = page.next != nil
        let tellsOwner = !isVersion2 || request.parameter("fetch-owner") == "true"
        result.Contents = page.objects.map { entry($0, owner: tellsOwner ? owner : nil) }
        result.CommonPrefixes = page.prefixes.map { S3Prefix(Prefix: encoding.text($0)) }
        if isVersion2 {
            result.KeyCount = page.objects.count + page.prefixes.count
            result.StartAfter = request.parameter("start-after").map(encoding.text)
            result.ContinuationToken = request.parameter("continuation-token")
            result.NextContinuationToken = page.next.map(ContinuationToken.encode)
        } else {
            result.Marker = encoding.text(request.parameter("marker") ?? "")
            result.NextMarker = page.next.map(encoding.text)
        }
        return try .xml(result, root: "ListBucketResult")
    }

    /// Each object is its only version.
    private func versions(_ page: ListPage) throws -> Response {
        var result = ListVersionsResult()
        result.Name = request.bucket
        result.Prefix = encoding.text(prefix)
        result.Delimiter = delimiter.map(encoding.text)
        result.MaxKeys = limit
        result.EncodingType = encoding.name
        result.IsTruncated = page.next != nil
        result.KeyMarker = encoding.text(request.parameter("key-marker") ?? "")
        result.VersionIdMarker = request.parameter("version-id-marker") ?? ""
        result.NextKeyMarker = page.next.map(encoding.text)
        result.NextVersionIdMarker = page.next.map { _ in "null" }
        result.Version = page.objects.map { .init(entry($0, owner: nil), owner: owner) }
        result.CommonPrefixes = page.prefixes.map { S3Prefix(Prefix: encoding.text($0)) }
        return try .xml(result, root: "ListVersionsResult")
    }

    private func entry(_ object: StoredObject, owner: S3Owner?) -> S3Object {
        S3Object(
            Key: encoding.text(object.key), LastModified: S3Time.text(object.modified),
            ETag: "\"\(object.attributes.etag)\"",
            ChecksumAlgorithm: object.attributes.checksums.keys.sorted()
                .map { $0.uppercased() },
            ChecksumType: object.attributes.checksumType, Size: object.size,
            Owner: owner, StorageClass: object.attributes.storageClass)
    }

    private func after() throws(S3Error) -> String? {
        switch request.operation {
        case .listObjectVersions:
            let marker = request.parameter("key-marker")
            guard request.parameter("version-id-marker") ?? "" == "" || marker ?? "" != "" else {
                throw S3Error(
                    .invalidArgument,
                    "A version-id marker cannot be specified without a key marker.",
                    details: ["ArgumentName": "version-id-marker"])
            }
            return marker
        case .listObjectsV2: break
        default: return request.parameter("marker")
        }
        // An empty token is where a list begins, as for Amazon's S3.
        guard let token = request.parameter("continuation-token"), !token.isEmpty else {
            return request.parameter("start-after")
        }
        guard let after = ContinuationToken.decode(token) else {
            throw S3Error(
                .invalidArgument, "The continuation token provided is incorrect",
                details: ["ArgumentName": "continuation-token"])
        }
        return after
    }
}

/// Where a list goes on, in a form that survives a URL.
enum ContinuationToken {
    static func encode(_ key: String) -> String { Hex.encode(Data(key.utf8)) }

    static func decode(_ token: String) -> String? {
        Hex.decode(token).flatMap { String(validating: $0, as: UTF8.self) }
    }
}

/// `encoding-type`: XML cannot carry every character that a key may have.
struct KeyEncoding: Sendable {
    let name: String?

    /// - Parameter texts: parameters that the answer repeats. One that XML cannot carry is
    ///   answered as if `url` had been asked for.
    init(_ request: S3Request, texts: [String]) throws(S3Error) {
        let asked = request.parameter("encoding-type")
        guard asked == nil || asked == "url" else {
            throw S3Error(.invalidArgument, "Invalid Encoding Method specified in Request")
        }
        let isPlain = texts.allSatisfy { Self.isPrintable(request.parameter($0) ?? "") }
        name = isPlain ? asked : "url"
    }

    private static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && $0.value != 0xFFFE && $0.value != 0xFFFF
                || [0x09, 0x0A, 0x0D].contains($0.value)
        }
    }

    func text(_ key: String) -> String {
        name == nil ? key : CanonicalRequest.encode(key, isPath: true)
    }
}
