import Access
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Storage
import Wire
import WireAWS

/// One request about a multipart upload; each operation has a function here.
struct S3Multipart: Sendable {
    let store: DirectoryStore
    let owner: S3Owner
    let request: S3Request
    let payload: S3Payload

    private var uploadID: String { request.parameter("uploadId") ?? "" }

    func create() async throws -> Response {
        let metadata = try S3Metadata(request)
        let algorithm = try request.wantedChecksum().first
        let type = request.header("x-amz-checksum-type")?.uppercased()
        let draft = MultipartDraft(
            headers: metadata.headers, userMetadata: metadata.userMetadata,
            checksumAlgorithm: algorithm?.rawValue,
            checksumType: try algorithm.map { algorithm throws(S3Error) in
                try Self.checksumType(type, of: algorithm)
            }, storageClass: metadata.storageClass, tags: metadata.tags)
        let id = try await store.createMultipartUpload(request.location, draft)
        var response = try Response.xml(
            InitiateMultipartUploadResult(
                Bucket: request.bucket, Key: request.key, UploadId: id),
            root: "InitiateMultipartUploadResult")
        if let algorithm {
            response.headers[HeaderName.name("x-amz-checksum-algorithm")] =
                algorithm.rawValue.uppercased()
            response.headers[S3Header.checksumType] = draft.checksumType
        }
        return response
    }

    private static func checksumType(
        _ wanted: String?, of algorithm: ChecksumAlgorithm
    ) throws(S3Error) -> String {
        let isCRC = [.crc32, .crc32c, .crc64nvme].contains(algorithm)
        switch wanted {
        case nil: return algorithm.isFullObjectByDefault ? "FULL_OBJECT" : "COMPOSITE"
        case "FULL_OBJECT" where isCRC: return "FULL_OBJECT"
        case "COMPOSITE" where !algorithm.isFullObjectByDefault: return "COMPOSITE"
        default:
            throw S3Error(
                .invalidRequest,
                "The \(wanted?.prefix(20) ?? "") checksum type cannot be used with the "
                    + "\(algorithm.rawValue.uppercased()) checksum algorithm.")
        }
    }

    // MARK: Parts

    private func number() throws(S3Error) -> Int {
        try request.number("partNumber", in: 1...S3Limits.partsMax, standard: 0)
    }

    func uploadPart() async throws -> Response {
        let number = try number()
        let draft = try await store.multipartUpload(request.location, uploadID: uploadID)
        let algorithm = draft.checksumAlgorithm.flatMap(ChecksumAlgorithm.init)
        let upload = try await store.beginPart(
            request.location, uploadID: uploadID, number: number)
        do {
            let checksums = try await payload.read(
                computing: Set([algorithm].compactMap { $0 }), bytesMax: S3Limits.putBytesMax
            ) { try await upload.write($0) }
            let part = try await upload.finish(
                checksums: checksums.reduce(into: [:]) { $0[$1.key.rawValue] = $1.value })
            var response = Response(
                status: .ok, headers: [.eTag: "\"\(part.attributes.etag)\""])
            for (name, value) in part.attributes.checksums {
                response.headers[named: "x-amz-checksum-\(name)"] = value
            }
            return response
        } catch {
            await upload.discard()
            throw error
        }
    }

    func copyPart() async throws -> Response {
        guard let source = request.source else {
            throw S3Error(.invalidArgument, "X-Amz-Copy-Source must be /BUCKET/KEY.")
        }
        let number = try number()
        let draft = try await store.multipartUpload(request.location, uploadID: uploadID)
        var sums =
            draft.checksumAlgorithm.flatMap(ChecksumAlgorithm.init)
            .map { [Checksummer($0)] } ?? []
        let reader = try await store.open(source)
        try S3Conditions(request, prefix: "x-amz-copy-source-").checkForCopy(reader.object)
        let range = try ByteRange.copied(
            request.header("x-amz-copy-source-range"), size: reader.object.size)
        let upload = try await store.beginPart(
            request.location, uploadID: uploadID, number: number)
        do {
            try await reader.forEach(range) { piece in
                for index in sums.indices { sums[index].update(piece) }
                try await upload.write(piece)
            }
            let part = try await upload.finish(
                checksums: sums.reduce(into: [:]) { $0[$1.algorithm.rawValue] = $1.base64 })
            var result = CopyResult(
                ETag: "\"\(part.attributes.etag)\"", LastModified: S3Time.text(part.modified))
            result.set(checksums: part.attributes.checksums)
            return try .xml(result, root: "CopyPartResult")
        } catch {
            await upload.discard()
            throw error
        }
    }

    // MARK: The end

    func complete() async throws -> Response {
        let document = try await payload.document(
            CompleteMultipartUpload.self, root: "CompleteMultipartUpload",
            elementsMax: 8 * S3Limits.partsMax)
        guard !document.Part.isEmpty else {
            throw S3Error(.malformedXML, "CompleteMultipartUpload must have a Part.")
        }
        let draft = try? await store.multipartUpload(request.location, uploadID: uploadID)
        let join = try PartsChecksum(draft, document, request)
        let object = try await store.completeMultipartUpload(
            request.location, uploadID: uploadID,
            parts: document.Part.map {
                PartReference(number: $0.PartNumber, etag: $0.ETag.filter { $0 != "\"" })
            },
            condition: try request.writeCondition(), onBytes: { join.update($0) },
            checksums: { try join.checksums($0) })
        var result = CompleteMultipartUploadResult()
        result.Location = "/\(request.bucket)/\(request.key)"
        result.Bucket = request.bucket
        result.Key = request.key
        result.ETag = "\"\(object.attributes.etag)\""
        result.set(checksums: object.attributes.checksums)
        result.ChecksumType = object.attributes.checksumType
        return try .xml(result, root: "CompleteMultipartUploadResult")
    }

    func abort() async throws -> Response {
        try await store.abortMultipartUpload(request.location, uploadID: uploadID)
        return Response(status: .noContent)
    }

    // MARK: Lists

    func listParts() async throws -> Response {
        let limit = min(
            try request.number("max-parts", in: 0...Int(Int32.max), standard: S3Limits.keysMax),
            S3Limits.keysMax)
        let after = try request.number(
            "part-number-marker", in: 0...Int(Int32.max), standard: 0)
        let parts = try await store.parts(
            request.location, uploadID: uploadID, after: after, limit: limit + 1)
        var result = ListPartsResult()
        result.Bucket = request.bucket
        result.Key = request.key
        result.UploadId = uploadID
        result.Owner = owner
        result.Initiator = owner
        let draft = try await store.multipartUpload(request.location, uploadID: uploadID)
        result.StorageClass = draft.storageClass ?? "STANDARD"
        result.ChecksumAlgorithm = draft.checksumAlgorithm?.uppercased()
        result.ChecksumType = draft.checksumType
        result.PartNumberMarker = after
        result.MaxParts = limit
        result.IsTruncated = parts.count > limit
        let shown = parts.prefix(limit)
        result.NextPartNumberMarker = shown.last?.number ?? after
        result.Part = shown.map { part in
            var entry = S3Part(
                PartNumber: part.number, LastModified: S3Time.text(part.modified),
                ETag: "\"\(part.etag)\"", Size: part.size)
            entry.set(checksums: part.checksums)
            return entry
        }
        return try .xml(result, root: "ListPartsResult")
    }

    func listUploads() async throws -> Response {
        let encoding = try KeyEncoding(request, texts: ["prefix", "delimiter", "key-marker"])
        let limit = min(
            try request.number("max-uploads", in: 1...Int(Int32.max), standard: S3Limits.keysMax),
            S3Limits.keysMax)
        let prefix = request.parameter("prefix") ?? ""
        guard request.parameter("delimiter") ?? "" == "" else {
            throw S3Error(
                .notImplemented, "A list of multipart uploads cannot be folded: delimiter.")
        }
        let keyMarker = request.parameter("key-marker") ?? ""
        let idMarker = request.parameter("upload-id-marker") ?? ""
        let all = try await store.multipartUploads(request.bucket, prefix: prefix)
        // Of one key the list goes on after the upload that the marker names.
        let start =
            all.firstIndex { $0.key == keyMarker && $0.uploadID == idMarker }.map { $0 + 1 }
            ?? all.firstIndex { keyMarker.utf8.lexicographicallyPrecedes($0.key.utf8) }
            ?? (keyMarker.isEmpty ? 0 : all.count)
        let rest = all[start...]
        var result = ListMultipartUploadsResult()
        result.Bucket = request.bucket
        result.KeyMarker = encoding.text(keyMarker)
        result.UploadIdMarker = idMarker
        result.Prefix = encoding.text(prefix)
        result.EncodingType = encoding.name
        result.MaxUploads = limit
        result.IsTruncated = rest.count > limit
        if rest.count > limit, let last = rest.prefix(limit).last {
            result.NextKeyMarker = encoding.text(last.key)
            result.NextUploadIdMarker = last.uploadID
        }
        result.Upload = rest.prefix(limit).map {
            S3Upload(
                Key: encoding.text($0.key), UploadId: $0.uploadID,
                Initiated: S3Time.text($0.initiated), StorageClass: $0.draft.storageClass,
                owner: owner)
        }
        return try .xml(result, root: "ListMultipartUploadsResult")
    }
}
