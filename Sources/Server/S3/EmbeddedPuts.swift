import Access
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Storage
import WireAWS

/// Objects that clients put, by a request or by a browser's form.
extension EmbeddedS3 {
    func putObject(_ request: S3Request, _ payload: S3Payload) async throws -> Response {
        try payload.requireLength()
        let wanted = try request.wantedChecksum()
        let stored = try await put(request) { upload in
            try await payload.read(computing: wanted, bytesMax: S3Limits.putBytesMax) {
                try await upload.write($0)
            }
        }
        var response = Response(status: .ok, headers: [.eTag: "\"\(stored.attributes.etag)\""])
        response.headers.add(checksums: stored.attributes)
        return response
    }

    func store(_ request: S3Request, _ form: inout S3Form) async throws -> Response {
        let (announced, _) = try S3Payload.checksums(request.headers)
        var sums = Set(announced.keys).union(try request.wantedChecksum()).map { Checksummer($0) }
        // A copy: what is passed as inout cannot be captured.
        var file = form
        let stored = try await put(request) { upload in
            while let piece = try await file.next() {
                for index in sums.indices { sums[index].update(piece) }
                try await upload.write(piece)
            }
            for sum in sums {
                guard announced[sum.algorithm] ?? sum.base64 == sum.base64 else {
                    throw S3Payload.badChecksum(sum.algorithm)
                }
            }
            return sums.reduce(into: [:]) { $0[$1.algorithm] = $1.base64 }
        }
        return try form.answer(request, etag: "\"\(stored.attributes.etag)\"")
    }

    /// - Parameter write: writes the bytes; returns the checksums that are kept with them.
    private func put(
        _ request: S3Request,
        _ write: (ObjectUpload) async throws -> [ChecksumAlgorithm: String]
    ) async throws -> StoredObject {
        let metadata = try S3Metadata(request)
        let condition = try request.writeCondition()
        let upload = try await store.beginUpload(request.location)
        do {
            let checksums = try await write(upload)
            return try await upload.finish(
                headers: metadata.headers, userMetadata: metadata.userMetadata,
                checksums: checksums.reduce(into: [:]) { $0[$1.key.rawValue] = $1.value },
                checksumType: checksums.isEmpty ? nil : "FULL_OBJECT",
                storageClass: metadata.storageClass, tags: metadata.tags, condition: condition)
        } catch {
            await upload.discard()
            throw error
        }
    }

    func copyObject(_ request: S3Request, _ permissions: S3Permissions) async throws -> Response {
        guard let source = request.source else {
            throw S3Error(.invalidArgument, "X-Amz-Copy-Source must be /BUCKET/KEY.")
        }
        let replaces = request.header("x-amz-metadata-directive")?.uppercased() == "REPLACE"
        // What Amazon takes for a change, even where it is none.
        let changes =
            replaces || request.header("x-amz-storage-class") != nil
            || request.header("x-amz-server-side-encryption") != nil
        guard changes || !request.isCopyOntoItself else {
            throw S3Error(
                .invalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself "
                    + "without changing the object's metadata, storage class or encryption "
                    + "attributes.")
        }
        let reader = try await store.open(source)
        let before = reader.object
        try S3Conditions(request, prefix: "x-amz-copy-source-").checkForCopy(before)
        guard before.size <= S3Limits.putBytesMax else {
            throw S3Error(
                .invalidRequest,
                "The specified copy source is larger than the maximum allowable size for a copy "
                    + "source: \(S3Limits.putBytesMax)")
        }
        let stated = try S3Metadata(request)
        let replacement = replaces ? stated : nil
        let tags = try tags(of: before, stated, request, permissions)
        let wanted = try request.wantedChecksum()
        var sums = wanted.map { Checksummer($0) }
        let upload = try await store.beginUpload(request.location)
        do {
            try await reader.forEach(0..<before.size) { piece in
                for index in sums.indices { sums[index].update(piece) }
                try await upload.write(piece)
            }
            // A checksum of checksums of parts says nothing about a copy in one piece.
            var checksums =
                before.attributes.checksumType == "FULL_OBJECT" ? before.attributes.checksums : [:]
            for sum in sums { checksums = [sum.algorithm.rawValue: sum.base64] }
            let stored = try await upload.finish(
                headers: replacement?.headers ?? before.attributes.headers,
                userMetadata: replacement?.userMetadata ?? before.attributes.userMetadata,
                checksums: checksums, checksumType: checksums.isEmpty ? nil : "FULL_OBJECT",
                storageClass: stated.storageClass, tags: tags,
                condition: try request.writeCondition())
            var result = CopyResult(
                ETag: "\"\(stored.attributes.etag)\"",
                LastModified: S3Time.text(stored.modified))
            result.set(checksums: stored.attributes.checksums)
            result.ChecksumType = stored.attributes.checksumType
            return try .xml(result, root: "CopyObjectResult")
        } catch {
            await upload.discard()
            throw error
        }
    }

    /// Those of a copy, which are its source's unless the request replaces them.
    ///
    /// - Throws: `AccessError.accessDenied` for a caller who may not read or set tags of objects.
    private func tags(
        of source: StoredObject, _ stated: S3Metadata, _ request: S3Request,
        _ permissions: S3Permissions
    ) throws -> [ObjectTag]? {
        if request.header("x-amz-tagging-directive")?.uppercased() == "REPLACE" {
            return stated.tags
        }
        guard let tags = source.attributes.tags, let location = request.source else { return nil }
        try permissions.check("s3:GetObjectTagging", location)
        try permissions.check("s3:PutObjectTagging", request.location)
        return tags
    }
}
