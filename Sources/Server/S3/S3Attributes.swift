import FoundationEssentials
import HTTPTypes
import Hummingbird
import Storage
import Wire
import WireAWS

/// GetObjectAttributes: what is known about an object, without its bytes.
struct S3Attributes: Sendable {
    private static let names: Set<String> = [
        "ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize",
    ]

    private let request: S3Request
    private let wanted: Set<String>
    private let limit: Int
    private let after: Int

    /// - Throws: `invalidArgument` for a request that names no attribute, or one that is not there.
    init(_ request: S3Request) throws(S3Error) {
        self.request = request
        wanted = Set(
            (request.header("x-amz-object-attributes") ?? "")
                .split { $0 == "," || $0 == " " }.map(String.init))
        guard !wanted.isEmpty, wanted.isSubset(of: Self.names) else {
            throw S3Error(
                .invalidArgument,
                "x-amz-object-attributes must be some of ETag, Checksum, ObjectParts, StorageClass "
                    + "and ObjectSize.", details: ["ArgumentName": "x-amz-object-attributes"])
        }
        limit = min(
            try Self.number("x-amz-max-parts", request) ?? S3Limits.keysMax, S3Limits.keysMax)
        after = try Self.number("x-amz-part-number-marker", request) ?? 0
    }

    private static func number(_ name: String, _ request: S3Request) throws(S3Error) -> Int? {
        guard let text = request.header(name) else { return nil }
        guard let number = Int(text), number >= 0 else {
            throw S3Error(
                .invalidArgument, "\(name) must be a number from 0.",
                details: ["ArgumentName": name])
        }
        return number
    }

    func answer(_ store: DirectoryStore) async throws -> Response {
        guard let object = try await store.object(request.location) else {
            throw S3Error.noSuchKey(request)
        }
        let attributes = object.attributes
        var result = GetObjectAttributesResult()
        if wanted.contains("ETag") { result.ETag = attributes.etag }
        if wanted.contains("ObjectSize") { result.ObjectSize = object.size }
        if wanted.contains("StorageClass") {
            result.StorageClass = attributes.storageClass ?? "STANDARD"
        }
        if wanted.contains("Checksum"), !attributes.checksums.isEmpty {
            var checksums = GetObjectAttributesResult.Checksums()
            checksums.set(checksums: attributes.checksums)
            checksums.ChecksumType = attributes.checksumType
            result.Checksum = checksums
        }
        if wanted.contains("ObjectParts"), let parts = attributes.parts {
            result.ObjectParts = page(of: parts)
        }
        var response = try Response.xml(result, root: "GetObjectAttributesResponse")
        response.headers[.lastModified] = HTTPDate.text(object.modified)
        return response
    }

    private func page(of parts: [ObjectPart]) -> GetObjectAttributesResult.Parts {
        let rest = parts.filter { $0.number > after }
        let shown = rest.prefix(limit)
        return GetObjectAttributesResult.Parts(
            PartsCount: parts.count, PartNumberMarker: after,
            NextPartNumberMarker: shown.last?.number ?? after, MaxParts: limit,
            IsTruncated: rest.count > shown.count,
            Part: shown.map { part in
                var entry = GetObjectAttributesResult.Part(
                    PartNumber: part.number, Size: part.size)
                entry.set(checksums: part.checksums ?? [:])
                return entry
            })
    }
}
