import Access
import Base
import Cloud
import Crypto
import FoundationEssentials
import NIOCore
import NIOPosix

/// A file that is sent in pieces, read again for each attempt.
final class UploadedFile: Sendable {
    /// Bytes when it was opened.
    let size: Int
    private let file: OpenFile
    private let pool: NIOThreadPool

    private init(_ file: OpenFile, size: Int, pool: NIOThreadPool) {
        self.file = file
        self.size = size
        self.pool = pool
    }

    /// - Throws: `unavailable` for anything but a file that can be read.
    static func opened(
        _ pool: NIOThreadPool, _ open: @escaping @Sendable () throws -> OpenFile?
    ) async throws -> UploadedFile {
        try await pool.runIfActive {
            guard let file = try onDisk({ try open() }) else {
                throw StorageError(.unavailable, "The file that was to be sent is gone.")
            }
            guard let status = file.status, status.kind == .file else {
                throw StorageError(.unavailable, "Could not read \(file.path): it is not a file.")
            }
            return UploadedFile(file, size: status.size, pool: pool)
        }
    }

    /// Reads a part once for the hashes that go before it.
    func piece(offset: Int, length: Int) async throws -> UploadedPiece {
        var (crc32, sha256) = (Checksummer(.crc32), SHA256())
        for start in stride(from: offset, to: offset + length, by: OpenFile.pieceBytes) {
            let (before, hash) = (crc32, sha256)
            let count = min(OpenFile.pieceBytes, offset + length - start)
            (crc32, sha256) = try await pool.runIfActive {
                let bytes = try self.bytes(at: start, count: count)
                var (crc32, sha256) = (before, hash)
                crc32.update(bytes)
                sha256.update(data: bytes)
                return (crc32, sha256)
            }
        }
        return UploadedPiece(
            file: self, offset: offset, length: length, crc32: crc32.base64,
            sha256: Hex.encode(sha256.finalize()))
    }

    fileprivate func bytes(at offset: Int, count: Int) throws -> Data {
        let bytes = try onDisk { try file.bytes(at: offset, count: count) }
        guard bytes.count == count else {
            throw StorageError(.unavailable, "\(file.path) became shorter while it was sent.")
        }
        return bytes
    }

    fileprivate func chunk(at offset: Int, count: Int) async throws -> ByteBuffer {
        try await pool.runIfActive { ByteBuffer(bytes: try self.bytes(at: offset, count: count)) }
    }
}

/// A part of a file, or all of it, and its hashes.
struct UploadedPiece: AsyncSequence, Sendable {
    fileprivate let file: UploadedFile
    fileprivate let offset: Int
    let length: Int
    /// Base64.
    let crc32: String
    /// Lower-case hex.
    let sha256: String

    var body: CloudRequest.Body { .pieces(length: length, .sha256(sha256)) { self } }

    func makeAsyncIterator() -> Iterator { Iterator(piece: self) }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate let piece: UploadedPiece
        private var sent = 0

        fileprivate init(piece: UploadedPiece) { self.piece = piece }

        mutating func next() async throws -> ByteBuffer? {
            let count = Swift.min(OpenFile.pieceBytes, piece.length - sent)
            guard count > 0 else { return nil }
            defer { sent += count }
            return try await piece.file.chunk(at: piece.offset + sent, count: count)
        }
    }
}
