import Access
import Base
import FoundationEssentials
import Hummingbird
import Storage
import Wire
import WireAWS

/// ListObjects and ListObjectsV2.
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
        encoding = try KeyEncoding(request)
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
        var result = ListBucketResult()
        result.Name = request.bucket
        result.Prefix = encoding.text(prefix)
        result.Delimiter = delimiter.map(encoding.text)
        result.MaxKeys = limit
        result.EncodingType = encoding.name
        result.IsTruncated = page.next != nil
        let tellsOwner = !isVersion2 || request.parameter("fetch-owner") == "true"
        result.Contents = page.objects.map { object in
            S3Object(
                Key: encoding.text(object.key), LastModified: S3Time.text(object.modified),
                ETag: "\"\(object.attributes.etag)\"",
                ChecksumAlgorithm: object.attributes.checksums.keys.sorted()
                    .map { $0.uppercased() },
                ChecksumType: object.attributes.checksumType, Size: object.size,
                Owner: tellsOwner ? owner : nil, StorageClass: object.attributes.storageClass)
        }
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

    private func after() throws(S3Error) -> String? {
        guard isVersion2 else { return request.parameter("marker") }
        guard let token = request.parameter("continuation-token") else {
            return request.parameter("start-after")
        }
        guard !token.isEmpty, let after = ContinuationToken.decode(token) else {
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

    init(_ request: S3Request) throws(S3Error) {
        name = request.parameter("encoding-type")
        guard name == nil || name == "url" else {
            throw S3Error(.invalidArgument, "Invalid Encoding Method specified in Request")
        }
    }

    func text(_ key: String) -> String {
        name == nil ? key : CanonicalRequest.encode(key, isPath: true)
    }
}
