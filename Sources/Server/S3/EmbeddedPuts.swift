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
                storageClass: metadata.storageClass, condition: condition)
        } catch {
            await upload.discard()
            throw error
        }
    }
}
