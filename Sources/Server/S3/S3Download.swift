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
        let part = try part(of: object)
        let range = try part ?? ByteRange.parse(request.headers[.range], size: object.size)
        let wanted = range ?? 0..<object.size
        if request.parameter("partNumber") != nil, let parts = object.attributes.parts {
            headers[S3Header.partsCount] = String(parts.count)
        }
        headers[.contentLength] = String(wanted.count)
        if range != nil, !wanted.isEmpty {
            headers[.contentRange] =
                "bytes \(wanted.lowerBound)-\(wanted.upperBound - 1)/\(object.size)"
        } else if request.header("x-amz-checksum-mode")?.uppercased() == "ENABLED" {
            headers.add(checksums: object.attributes)
        }
        let status: HTTPResponse.Status = range == nil ? .ok : .partialContent
        if isHead { return Response(status: status, headers: headers) }
        // What is damaged at once can still be answered by an error; later the connection ends.
        let first = try await reader.read(
            offset: wanted.lowerBound, count: min(wanted.count, S3Limits.readBytes))
        return Response(
            status: status, headers: headers,
            body: .pieces(of: wanted, bytes: S3Limits.readBytes) {
                $0 == wanted.lowerBound ? first : try await reader.read(offset: $0, count: $1)
            })
    }

    private func headers(_ object: StoredObject) -> HTTPFields {
        var headers = HTTPFields()
        headers[.eTag] = "\"\(object.attributes.etag)\""
        headers[.lastModified] = HTTPDate.text(object.modified)
        headers[.acceptRanges] = "bytes"
        headers[S3Header.storageClass] = object.attributes.storageClass
        headers[S3Header.taggingCount] = object.attributes.tags.map { String($0.count) }
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

    /// The bytes of the part that the request names; an object that came in one piece is its own
    /// first part.
    ///
    /// - Returns: nil for a request that names none, or names that first one.
    private func part(of object: StoredObject) throws(S3Error) -> Range<Int>? {
        guard request.parameter("partNumber") != nil else { return nil }
        let number = try request.number("partNumber", in: 1...S3Limits.partsMax, standard: 1)
        guard request.headers[.range] == nil else {
            throw S3Error(.invalidRequest, "Cannot specify both Range header and partNumber.")
        }
        guard let parts = object.attributes.parts else {
            guard !object.attributes.isJoined else {
                throw S3Error(
                    .notImplemented,
                    "The object was joined by a version of Spotter that did not keep where its "
                        + "parts begin: partNumber.")
            }
            guard number == 1 else { throw Self.noPart(number) }
            return nil
        }
        var start = 0
        for part in parts {
            if part.number == number { return start..<start + part.size }
            start += part.size
        }
        throw Self.noPart(number)
    }

    private static func noPart(_ number: Int) -> S3Error {
        S3Error(
            .invalidPart, "The object has no part \(number).",
            details: ["PartNumber": String(number)])
    }
}

extension ObjectAttributes {
    /// Whether the object was made from several parts, as its ETag says.
    fileprivate var isJoined: Bool {
        guard let dash = etag.lastIndex(of: "-") else { return false }
        return Int(etag[etag.index(after: dash)...]) ?? 1 > 1
    }
}
