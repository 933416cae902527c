import Crypto
package import FoundationEssentials
import SystemPackage

/// Size and checksum of bytes, which two files share only when they have the same bytes.
package struct FileDigest: Sendable, Equatable {
    /// Bytes.
    package let size: Int
    /// Lower-case hexadecimal.
    package let sha256: String

    /// - Parameters:
    ///   - size: in bytes.
    ///   - sha256: 64 digits of lower-case hexadecimal; not checked.
    package init(size: Int, sha256: String) {
        self.size = size
        self.sha256 = sha256
    }

    /// Reads back what was written to a file.
    ///
    /// It finds a write that the file system acknowledged and dropped, as network and user space
    /// file systems do. As a rule the bytes come from memory: what the disk makes of them later is
    /// found when they are used.
    ///
    /// - Throws: `FileError` for a file that does not have these bytes.
    package func checkWritten(to path: String) throws {
        guard try OpenFile.reading(path)?.digest() == self else {
            throw FileError("write", path, .ioError)
        }
    }
}

/// The digest of bytes that come in pieces.
package struct RunningDigest: Sendable {
    /// Bytes so far.
    package private(set) var size = 0
    private var hash = SHA256()

    /// Begins with no bytes.
    package init() {}

    /// Adds the bytes that follow those so far; reads them before it returns and keeps no pointer.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
        size += bytes.count
    }

    /// Adds the bytes that follow those so far.
    package mutating func update(_ bytes: Data) {
        hash.update(data: bytes)
        size += bytes.count
    }

    /// The 32 bytes of the SHA-256 so far; more may follow.
    package var sha256: Data { Data(hash.finalize()) }

    /// The digest so far; more may follow.
    package var value: FileDigest { FileDigest(size: size, sha256: Hex.encode(hash.finalize())) }
}

extension OpenFile {
    /// The digest of the file from where it is to its end.
    ///
    /// - Parameter onBytes: called with the number of bytes of each piece.
    /// - Throws: `FileError`.
    package func digest(_ onBytes: (Int) -> Void = { _ in }) throws -> FileDigest {
        var digest = RunningDigest()
        try forEachPiece {
            digest.update($0)
            onBytes($0.count)
        }
        return digest.value
    }
}
