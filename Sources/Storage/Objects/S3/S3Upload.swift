import Access
import Base
import Cloud
import FoundationEssentials
import NIOPosix
import Wire
import WireAWS

/// An object on its way to the peer. It is seen there whole or not at all.
struct S3Upload: Sendable {
    /// Larger files go in parts, so that a lost connection costs one part.
    static let partsFromBytes = 16 << 20
    private static let partBytesMin = 8 << 20
    /// S3's bounds.
    private static let partsMax = 10_000
    private static let objectBytesMax = 5 << 40
    private static let answerBytesMax = 1 << 20

    let peer: S3Peer
    let location: ObjectLocation
    let pool: NIOThreadPool
    /// What the peer is to keep beside the bytes, as headers have it.
    var attributes: [(name: String, value: String)] = []

    func put(_ bytes: Data) async throws {
        var checksum = Checksummer(.crc32)
        checksum.update(bytes)
        _ = try await send(
            "PUT", headers: Self.headers(crc32: checksum.base64), body: .bytes(bytes))
    }

    /// - Parameter open: called once, on a thread that may block; nil for no such file.
    func put(_ open: @escaping @Sendable () throws -> OpenFile?) async throws {
        let file = try await UploadedFile.opened(pool, open)
        guard file.size <= Self.objectBytesMax else {
            throw StorageError(
                .tooLarge, "\(location) would have more than the 5 TiB that S3 takes.")
        }
        if file.size < Self.partsFromBytes {
            _ = try await send(
                "PUT", part: try await file.piece(offset: 0, length: file.size),
                headers: attributes)
        } else {
            try await putParts(file)
        }
    }

    /// - Returns: of a part that S3 takes for an object of that size.
    static func partBytes(objectBytes: Int) -> Int {
        let least = (objectBytes + partsMax - 1) / partsMax
        return max(partBytesMin, ((least + (1 << 20) - 1) >> 20) << 20)
    }

    private func putParts(_ file: UploadedFile) async throws {
        let (_, answer) = try await send(
            "POST", query: [("uploads", "")],
            headers: attributes + [
                ("x-amz-checksum-algorithm", "CRC32"), ("x-amz-checksum-type", "FULL_OBJECT"),
            ])
        let upload = try document(InitiateMultipartUploadResult.self, answer).UploadId
        do {
            var parts: [CompleteMultipartUpload.Part] = []
            let partBytes = Self.partBytes(objectBytes: file.size)
            for offset in stride(from: 0, to: file.size, by: partBytes) {
                let number = parts.count + 1
                let piece = try await file.piece(
                    offset: offset, length: min(partBytes, file.size - offset))
                let (response, _) = try await send(
                    "PUT", query: [("partNumber", "\(number)"), ("uploadId", upload)], part: piece)
                guard let etag = response.header("etag") else {
                    throw StorageError(
                        .unavailable, "A part of \(location) was taken without an ETag.")
                }
                var part = CompleteMultipartUpload.Part(PartNumber: number, ETag: etag)
                part.ChecksumCRC32 = piece.crc32
                parts.append(part)
            }
            try await complete(upload, parts)
        } catch {
            // Also when the job was told to stop: the peer would keep the parts for ever.
            await peer.client.passRegardless(
                peer.request(
                    "DELETE", location.bucket, location.key, query: [("uploadId", upload)]))
            throw error
        }
    }

    private func complete(_ upload: String, _ parts: [CompleteMultipartUpload.Part]) async throws {
        let body = try S3XML.encode(
            CompleteMultipartUpload(Part: parts), root: "CompleteMultipartUpload")
        var attempts = Attempts(peer.client.policy, peer.client.ambience)
        while true {
            do {
                let (response, answer) = try await send(
                    "POST", query: [("uploadId", upload)], body: .bytes(body))
                // S3 answers 200 before it knows how it ends.
                let text = answer.drop { [0x20, 0x0A, 0x0D].contains($0) }
                guard let failure = S3Peer.document(of: Data(text), status: response.status) else {
                    return
                }
                let error = CloudError(
                    .service, "\(failure.code): \(failure.message)", failure: failure)
                guard ["InternalError", "SlowDown", "ServiceUnavailable"].contains(failure.code),
                    try await attempts.waitsForNext()
                else { throw error }
            } catch let error as CloudError where error.failure?.code == "NoSuchUpload" {
                // The answer to an earlier attempt may have been lost.
                guard try await isThere(MultipartETag.of(etags: parts.map(\.ETag))) else {
                    throw error
                }
                return
            }
        }
    }

    private func isThere(_ etag: String?) async throws -> Bool {
        guard let etag else { return false }
        let (response, _) = try await send("HEAD")
        return response.header("etag") == "\"\(etag)\""
    }

    /// Both are what SDKs send.
    private static func headers(crc32: String) -> [(name: String, value: String)] {
        [("x-amz-sdk-checksum-algorithm", "CRC32"), ("x-amz-checksum-crc32", crc32)]
    }

    private func send(
        _ method: String, query: [(name: String, value: String)] = [], part: UploadedPiece,
        headers: [(name: String, value: String)] = []
    ) async throws -> (response: CloudResponse, body: Data) {
        try await send(
            method, query: query, headers: headers + Self.headers(crc32: part.crc32),
            body: part.body)
    }

    private func send(
        _ method: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: CloudRequest.Body = .bytes(Data())
    ) async throws -> (response: CloudResponse, body: Data) {
        try await peer.client.send(
            peer.request(
                method, location.bucket, location.key, query: query, headers: headers, body: body),
            bytesMax: Self.answerBytesMax)
    }

    private func document<Document: Decodable>(_ type: Document.Type, _ bytes: Data)
        throws(StorageError) -> Document
    {
        do {
            return try S3XML.decode(type, from: bytes)
        } catch {
            throw StorageError(
                .unavailable, "Could not write \(location): the answer is no document of S3.")
        }
    }
}
