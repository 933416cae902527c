import Access
import Cloud
import FoundationEssentials
import NIOCore

/// An object on its way from the peer. When the connection is lost the rest is asked for, of the
/// very same object: one that was replaced meanwhile ends the download.
struct S3Download {
    /// After so many bytes a lost connection counts as the first again.
    private static let progressBytes = 1 << 20

    private let peer: S3Peer
    private let location: ObjectLocation
    private var pieces: (any AsyncIteratorProtocol<ByteBuffer, any Error>)?
    private var length = 0
    private var received = 0
    private var etag: String?
    private var attempts: Attempts
    private var receivedAtLoss = 0
    private var expected: String?
    private var checksum: Checksummer?

    init(peer: S3Peer, location: ObjectLocation) {
        self.peer = peer
        self.location = location
        attempts = Attempts(peer.client.policy, peer.client.ambience)
    }

    /// - Throws: `tooLarge` before anything is read.
    mutating func open(bytesMax: Int) async throws {
        let response = try await peer.client.open(
            peer.request(
                "GET", location.bucket, location.key,
                headers: [("x-amz-checksum-mode", "ENABLED")]))
        guard let length = response.length else {
            throw StorageError(.unavailable, "The size of \(location) is not in the answer.")
        }
        guard length <= bytesMax else {
            throw StorageError(
                .tooLarge, "\(location) has \(length) bytes; at most \(bytesMax) are allowed.")
        }
        self.length = length
        etag = response.header("etag")
        adoptChecksum(response)
        pieces = response.body.makeAsyncIterator()
    }

    /// One over all bytes; that of an object of many parts is often one over its parts' checksums.
    private mutating func adoptChecksum(_ response: CloudResponse) {
        guard response.header("x-amz-checksum-type")?.uppercased() != "COMPOSITE" else { return }
        for algorithm in ChecksumAlgorithm.allCases {
            guard let value = response.header(algorithm.headerName), !value.contains("-") else {
                continue
            }
            expected = value
            checksum = Checksummer(algorithm)
            return
        }
    }

    /// - Returns: nil once all bytes were there and their checksum is right.
    mutating func next() async throws -> Data? {
        while received < length {
            do {
                guard let piece = try await pieces?.next(isolation: nil) else {
                    throw CloudError(
                        .connection, "The answer ended after \(received) of \(length) bytes.")
                }
                guard piece.readableBytes > 0 else { continue }
                let bytes = Data(piece)
                received += bytes.count
                guard received <= length else {
                    throw StorageError(.unavailable, "\(location) has more bytes than it said.")
                }
                checksum?.update(bytes)
                return bytes
            } catch let error as CloudError where [.connection, .timeout].contains(error.code) {
                try await resume(after: error)
            }
        }
        pieces = nil
        if let checksum, let expected, checksum.base64 != expected {
            throw StorageError(
                .unavailable,
                "\(location) came with other bytes than its \(checksum.algorithm.rawValue) "
                    + "checksum says.")
        }
        return nil
    }

    private mutating func resume(after error: CloudError) async throws {
        pieces = nil
        guard let etag else { throw error }
        if received - receivedAtLoss >= Self.progressBytes {
            attempts = Attempts(peer.client.policy, peer.client.ambience)
        }
        receivedAtLoss = received
        guard try await attempts.waitsForNext() else { throw error }
        let response: CloudResponse
        do {
            response = try await peer.client.open(
                peer.request(
                    "GET", location.bucket, location.key,
                    headers: [("Range", "bytes=\(received)-"), ("If-Match", etag)]))
        } catch let error as CloudError
            where [404, 412, 416].contains(error.failure?.status ?? 0)
        {
            throw StorageError(
                .unavailable, "\(location) was replaced or deleted while it was read.")
        }
        // A peer that does not know conditions or ranges must not lead to a mixture.
        guard response.status == 206, response.header("etag") == etag,
            response.header("content-range")?.hasPrefix("bytes \(received)-") == true
        else {
            throw StorageError(
                .unavailable,
                "The rest of \(location) after a lost connection is not what was asked for.")
        }
        pieces = response.body.makeAsyncIterator()
    }
}
