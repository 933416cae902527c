import FoundationEssentials
import HTTPTypes
import Hummingbird
import Storage
import Wire
import WireAWS

/// GetObject and HeadObject.
struct S3Download: Sendable {
    private let request: S3Request
    private let isHead: Bool

    init(_ request: S3Request) {
        self.request = request
        isHead = request.operation == .headObject
    }

    func answer(_ store: DirectoryStore) async throws -> Response {
        let reader: ObjectReader
        do {
            reader = try await store.open(request.location)
        } catch let error as StorageError
            where [.noSuchObject, .invalidName].contains(error.code)
        {
            throw S3Error.noSuchKey(request)
        }
        let object = reader.object
        var headers = headers(object)
        switch S3Conditions(request).verdict(object) {
        case .proceed: break
        case .notModified: return Response(status: .notModified, headers: headers)
        case .failed: throw S3Conditions.failure
        }
        try checkPart(object)
        let range = try ByteRange.parse(request.headers[.range], size: object.size)
        let wanted = range ?? 0..<object.size
        headers[.contentLength] = String(wanted.count)
        if range != nil {
            headers[.contentRange] =
                "bytes \(wanted.lowerBound)-\(wanted.upperBound - 1)/\(object.size)"
        } else if request.header("x-amz-checksum-mode")?.uppercased() == "ENABLED" {
            headers.add(checksums: object.attributes)
        }
        let status: HTTPResponse.Status = range == nil ? .ok : .partialContent
        if isHead { return Response(status: status, headers: headers) }
        // What is damaged at once can still be answered by an error; later the connection ends.
        _ = try await reader.read(
            offset: wanted.lowerBound, count: min(wanted.count, S3Limits.readBytes))
        return Response(
            status: status, headers: headers,
            body: .pieces(of: wanted, bytes: S3Limits.readBytes) {
                try await reader.read(offset: $0, count: $1)
            })
    }

    private func headers(_ object: StoredObject) -> HTTPFields {
        var headers = HTTPFields()
        headers[.eTag] = "\"\(object.attributes.etag)\""
        headers[.lastModified] = HTTPDate.text(object.modified)
        headers[.acceptRanges] = "bytes"
        headers[S3Header.storageClass] = object.attributes.storageClass
        for (name, value) in object.attributes.headers { headers[named: name] = value }
        if headers[.contentType] == nil { headers[.contentType] = "binary/octet-stream" }
        for (name, value) in object.attributes.userMetadata {
            headers[named: S3Header.userPrefix + name] = value
        }
        for name in S3Header.kept {
            if let value = request.parameter("response-\(name)") {
                headers[named: name] = value
            }
        }
        return headers
    }

    /// An object that came in one piece is its own first part; of others the parts are not kept.
    private func checkPart(_ object: StoredObject) throws(S3Error) {
        guard let part = request.parameter("partNumber") else { return }
        guard part == "1", !object.attributes.etag.contains("-") else {
            throw S3Error(.notImplemented, "Parts of a finished object cannot be read: partNumber.")
        }
    }
}
