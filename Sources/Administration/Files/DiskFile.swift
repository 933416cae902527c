import Access
import Crypto
import FoundationEssentials
import Glibc
import Storage

/// An open file, closed with its last reference. All calls block.
final class DiskFile {
    let descriptor: Int32
    /// For messages.
    let path: String

    /// Takes over an open descriptor.
    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// Does not wait for the writer of a named pipe.
    ///
    /// - Returns: nil when there is no such file.
    static func reading(_ path: String) throws -> DiskFile? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if [ENOENT, ENOTDIR, ENXIO].contains(errno) { return nil }
            throw failure("read", path)
        }
        return DiskFile(descriptor: descriptor, path: path)
    }

    /// Makes a file that must not exist.
    static func making(_ path: String, mode: mode_t) throws -> DiskFile {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("write", path) }
        return DiskFile(descriptor: descriptor, path: path)
    }

    var status: FileStatus? { FileStatus(descriptor: descriptor) }

    /// Hands the file to `body` piece by piece, from where it is.
    ///
    /// - Parameter bytesMax: what comes after them is not read.
    func forEachPiece(
        bytesMax: Int = .max, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var buffer = [UInt8](repeating: 0, count: OperatingLimits.chunkBytes)
        var left = bytesMax
        while left > 0 {
            let count = read(descriptor, &buffer, min(buffer.count, left))
            if count == 0 { return }
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure("read", path)
            }
            left -= count
            try buffer.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure("write", path)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    func append(_ bytes: Data) throws { try bytes.withUnsafeBytes { try append($0) } }

    /// Gives the file the mode and the time of another.
    func take(mode: UInt32, modifiedNanoseconds: Int) throws {
        let (seconds, rest) = modifiedNanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let time =
            rest < 0
            ? timespec(tv_sec: seconds - 1, tv_nsec: rest + 1_000_000_000)
            : timespec(tv_sec: seconds, tv_nsec: rest)
        guard fchmod(descriptor, mode & 0o777) == 0, futimens(descriptor, [time, time]) == 0 else {
            throw Self.failure("write", path)
        }
    }

    /// Size and SHA-256 of the whole file.
    func digest(_ onBytes: (Int) -> Void = { _ in }) throws -> FileDigest {
        var digest = RunningDigest()
        try forEachPiece {
            digest.update($0)
            onBytes($0.count)
        }
        return digest.value
    }

    static func failure(_ verb: String, _ path: String) -> AdministrationError {
        AdministrationError("Could not \(verb) \(path): \(String(cString: strerror(errno))).")
    }
}

struct FileDigest: Equatable {
    /// Bytes.
    let size: Int
    /// Lower-case hexadecimal.
    let sha256: String
}

struct RunningDigest {
    private var size = 0
    private var hash = SHA256()

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
        size += bytes.count
    }

    var value: FileDigest { FileDigest(size: size, sha256: Hex.encode(hash.finalize())) }
}

extension FileStatus {
    /// Of what is at `path` itself, also where that is a link.
    init?(at path: String) { self.init(path: path, followingLinks: false) }

    func isSameFile(as other: FileStatus) -> Bool {
        device == other.device && inode == other.inode
    }

    /// Whether both have the same bytes, as far as times tell.
    func isLike(_ other: FileStatus) -> Bool {
        isSameFile(as: other)
            || size == other.size && modifiedNanoseconds == other.modifiedNanoseconds
    }
}
