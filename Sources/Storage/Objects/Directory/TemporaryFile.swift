import Access
import Crypto
import FoundationEssentials
import Glibc

/// A file on its way, in a folder from which a crash's leftovers are removed. Locked while it is
/// written, so that another process does not take it for one.
struct TemporaryFile: Sendable {
    let file: OpenFile
    /// Bytes so far.
    private(set) var size = 0
    private var hash: Insecure.MD5?

    /// - Parameter hashing: whether the MD5 is computed on the way.
    init(in folder: String, hashing: Bool = true) throws(StorageError) {
        let path = "\(folder)/\(Hexadecimal.random())"
        var descriptor = Int32(-1)
        // Another process that just starts may remove the empty folder again.
        for _ in 0..<8 where descriptor < 0 {
            guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
                throw DurableFile.failure("make", folder)
            }
            descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            if descriptor < 0, errno != ENOENT { break }
        }
        guard descriptor >= 0 else { throw DurableFile.failure("write", path) }
        flock(descriptor, LOCK_EX | LOCK_NB)
        file = OpenFile(descriptor: descriptor, path: path)
        hash = hashing ? Insecure.MD5() : nil
    }

    /// Of the bytes so far, in hexadecimal; nil when it is not computed.
    var md5: String? { hash.map { Hex.encode($0.finalize()) } }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        try file.append(bytes)
        hash?.update(bufferPointer: bytes)
        size += bytes.count
    }

    mutating func append(_ bytes: Data) throws(StorageError) {
        var failure: StorageError?
        bytes.withUnsafeBytes { buffer in
            do throws(StorageError) { try append(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Appends another file in pieces and shows each to `onBytes`.
    mutating func append(contentsOf source: OpenFile, onBytes: ((Data) throws -> Void)? = nil)
        throws
    {
        var offset = 0
        while true {
            let piece = try source.bytes(at: offset, count: DirectoryLimits.chunkBytes)
            if piece.isEmpty { return }
            try append(piece)
            try onBytes?(piece)
            offset += piece.count
        }
    }

    /// Sets the time of the last change, as far as the file system can tell times apart.
    func stamp(nanoseconds: Int) throws(StorageError) -> FileStatus {
        let time = timespec(
            tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
        guard futimens(file.descriptor, [time, time]) == 0,
            let status = FileStatus(descriptor: file.descriptor)
        else { throw DurableFile.failure("write", file.path) }
        return status
    }

    /// Ends the writing and removes the name that the file has here, if it still has it.
    func discard() {
        unlink(file.path)
        file.close()
    }
}
