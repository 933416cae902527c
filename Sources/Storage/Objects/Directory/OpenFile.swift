import FoundationEssentials
import Glibc

/// A descriptor of a file with the calls that buckets need. Whoever opened it closes it.
struct OpenFile: Sendable {
    let descriptor: Int32
    /// For messages.
    let path: String

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Does not wait for the writer of a named pipe that somebody put there.
    ///
    /// - Returns: nil when there is nothing at `path`.
    static func reading(_ path: String) throws(StorageError) -> OpenFile? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR || errno == ENXIO { return nil }
            throw DurableFile.failure("read", path)
        }
        return OpenFile(descriptor: descriptor, path: path)
    }

    /// At most `count` bytes from `offset`; fewer only at the end of the file.
    func bytes(at offset: Int, count: Int) throws(StorageError) -> Data {
        var bytes = Data(count: count)
        var filled = 0
        while filled < count {
            let more = bytes.withUnsafeMutableBytes {
                pread(
                    descriptor, $0.baseAddress?.advanced(by: filled), count - filled,
                    off_t(offset + filled))
            }
            if more == 0 { break }
            if more > 0 {
                filled += more
            } else if errno != EINTR {
                throw DurableFile.failure("read", path)
            }
        }
        return filled == count ? bytes : bytes.prefix(filled)
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        guard DurableFile.writeAll(bytes, to: descriptor) else {
            throw DurableFile.failure("write", path)
        }
    }

    /// Waits until the bytes are on the disk.
    func sync() throws(StorageError) {
        guard fsync(descriptor) == 0 else { throw DurableFile.failure("write", path) }
    }

    func close() { _ = Glibc.close(descriptor) }

    /// Makes a small file that is on the disk when this returns, though not yet its name.
    ///
    /// - Returns: false when `path` exists.
    static func make(_ path: String, _ bytes: Data) throws(StorageError) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            if errno == EEXIST { return false }
            throw DurableFile.failure("write", path)
        }
        let file = OpenFile(descriptor: descriptor, path: path)
        defer { file.close() }
        do throws(StorageError) {
            guard bytes.withUnsafeBytes({ DurableFile.writeAll($0, to: descriptor) }) else {
                throw DurableFile.failure("write", path)
            }
            try file.sync()
        } catch {
            unlink(path)
            throw error
        }
        return true
    }

    /// A file of at most `bytesMax` bytes; nil when there is none or it is larger.
    static func contents(_ path: String, bytesMax: Int) throws(StorageError) -> Data? {
        guard let file = try reading(path) else { return nil }
        defer { file.close() }
        let bytes = try file.bytes(at: 0, count: bytesMax + 1)
        return bytes.count > bytesMax ? nil : bytes
    }
}
