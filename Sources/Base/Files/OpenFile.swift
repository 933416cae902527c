package import FoundationEssentials
import Glibc
import Synchronization
package import SystemPackage

/// An open file or folder. It is closed by `close`, or else with its last reference.
///
/// All calls block and belong on a thread pool. Signals do not interrupt them: a read or a write
/// that one interrupts begins again.
package final class OpenFile: Sendable {
    /// Whole files are read in pieces of 1 MiB: large enough that the number of system calls does
    /// not matter, small enough that each of the pool's threads may hold one.
    package static let pieceBytes = 1 << 20
    /// The smallest buffer: what a named pipe holds, which has no size.
    private static let smallPieceBytes = 64 << 10

    /// Owned by this object: do not close it, and do not use it after `close`.
    package let descriptor: FileDescriptor
    /// What it was opened by, for messages. The file may have another name by now.
    package let path: String
    private let isClosed = Atomic(false)

    /// Takes over an open descriptor.
    package init(descriptor: FileDescriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close() }

    /// Opens a file for reading. Does not wait for the writer of a named pipe.
    ///
    /// - Returns: nil when there is nothing at `path`, or a socket, or a pipe without a writer.
    /// - Throws: `FileError` when it is there and cannot be opened.
    package static func reading(_ path: String) throws(FileError) -> OpenFile? {
        let absent: [Errno] = [.noSuchFileOrDirectory, .notDirectory, .noSuchAddressOrDevice]
        do throws(FileError) {
            return try opening(path, .readOnly, [.nonBlocking], verb: "read")
        } catch {
            if absent.contains(error.code) { return nil }
            throw error
        }
    }

    /// Makes a file for writing; a link at `path` counts as a file that exists.
    ///
    /// - Parameter mode: permissions, from which the process' umask is taken.
    /// - Throws: `FileError`; its code is `fileExists` when there is something at `path`.
    package static func creating(_ path: String, mode: UInt32 = 0o644) throws(FileError)
        -> OpenFile
    {
        try opening(
            path, .writeOnly, [.create, .exclusiveCreate, .noFollow], mode: mode, verb: "write")
    }

    /// Opens a folder, to lock it, to sync it, or to open what is in it.
    ///
    /// - Throws: `FileError`, also for anything but a folder.
    package static func folder(_ path: String, followingLinks: Bool = true) throws(FileError)
        -> OpenFile
    {
        try opening(
            path, .readOnly, followingLinks ? [.directory] : [.directory, .noFollow], verb: "open")
    }

    /// - Parameters:
    ///   - options: `closeOnExec` is added.
    ///   - mode: permissions of a file that is made.
    ///   - verb: what the message says could not be done.
    package static func opening(
        _ path: String, _ access: FileDescriptor.AccessMode, _ options: FileDescriptor.OpenOptions,
        mode: UInt32 = 0o644, verb: String = "open"
    ) throws(FileError) -> OpenFile {
        let permissions =
            options.contains(.create) ? FilePermissions(rawValue: CInterop.Mode(mode)) : nil
        let descriptor = try FileError.wrapping(verb, path) {
            try FileDescriptor.open(
                path, access, options: options.union(.closeOnExec), permissions: permissions)
        }
        return OpenFile(descriptor: descriptor, path: path)
    }

    /// A whole file.
    ///
    /// - Returns: nil when there is none, or it has more than `bytesMax` bytes.
    package static func contents(_ path: String, bytesMax: Int) throws(FileError) -> Data? {
        guard let file = try reading(path) else { return nil }
        defer { file.close() }
        let bytes = try file.bytes(at: 0, count: bytesMax + 1)
        return bytes.count > bytesMax ? nil : bytes
    }

    /// Closes the file before its last reference goes. It must not be used after that; closing it
    /// twice is harmless.
    package func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        try? descriptor.close()
    }

    /// Nil only when the disk fails.
    package var status: FileStatus? { FileStatus(descriptor: descriptor) }

    // MARK: Bytes

    /// At most `count` bytes from `offset`, wherever the file is; fewer only at its end.
    package func bytes(at offset: Int, count: Int) throws(FileError) -> Data {
        var bytes = Data(count: max(count, 0))
        var filled = 0
        while filled < count {
            let more = try FileError.wrapping("read", path) {
                try bytes.withUnsafeMutableBytes {
                    try descriptor.read(
                        fromAbsoluteOffset: Int64(offset + filled),
                        into: UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))
                }
            }
            if more == 0 { break }
            filled += more
        }
        return filled == count ? bytes : bytes.prefix(filled)
    }

    /// Hands the file to `body` in pieces of at most `pieceBytes`, from where it is.
    ///
    /// - Parameter bytesMax: what comes after so many bytes is not read.
    /// - Throws: `FileError`, or what `body` throws.
    package func forEachPiece(
        bytesMax: Int = .max, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        // Most files are small, and a large buffer costs more than they do.
        let sizeHint = max(Self.smallPieceBytes, status?.size ?? 0)
        var buffer = [UInt8](repeating: 0, count: min(Self.pieceBytes, sizeHint))
        var left = bytesMax
        while left > 0 {
            let wanted = min(buffer.count, left)
            let count = try FileError.wrapping("read", path) {
                try buffer.withUnsafeMutableBytes {
                    try descriptor.read(
                        into: UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]))
                }
            }
            if count == 0 { return }
            left -= count
            try buffer.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    /// Writes all bytes where the file is; after an error some of them may be written.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = try FileError.wrapping("write", path) { try descriptor.write(rest) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Writes all bytes where the file is; after an error some of them may be written.
    package func append(_ bytes: Data) throws(FileError) {
        try FileError.wrapping("write", path) { try bytes.withUnsafeBytes { try append($0) } }
    }

    /// Waits until the bytes are on the disk; the file's name needs `DurableFile.syncDirectory`.
    package func sync() throws(FileError) {
        guard fsync(descriptor.rawValue) == 0 else { throw FileError("write", path) }
    }

    /// Waits in the same way and compares the file's size with what was written: a disk may drop
    /// a write that it acknowledged.
    ///
    /// - Parameter count: all bytes of the file.
    /// - Throws: `FileError`, `ioError` when the file has another size.
    package func sync(bytes count: Int) throws(FileError) {
        try sync()
        guard status?.size == count else { throw FileError("write", path, .ioError) }
    }

    // MARK: Lock, time and mode

    /// Takes the lock of the file or folder (`flock`), which ends when it is closed, also by a
    /// crash.
    ///
    /// - Returns: false when somebody else holds it, or the file system has no locks.
    package func tryLock() -> Bool { flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 }

    /// Waits until nobody else holds the lock, and takes it.
    package func waitForLock() throws(FileError) {
        while flock(descriptor.rawValue, LOCK_EX) != 0 {
            guard errno == EINTR else { throw FileError("lock", path) }
        }
    }

    /// Sets the time of the last change, in nanoseconds since 1970, as far as the file system can
    /// tell times apart.
    package func setModified(nanoseconds: Int) throws(FileError) {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let time =
            rest < 0
            ? timespec(tv_sec: seconds - 1, tv_nsec: rest + 1_000_000_000)
            : timespec(tv_sec: seconds, tv_nsec: rest)
        guard futimens(descriptor.rawValue, [time, time]) == 0 else {
            throw FileError("write", path)
        }
    }

    /// - Parameter mode: permissions; the umask does not count.
    package func setMode(_ mode: UInt32) throws(FileError) {
        guard fchmod(descriptor.rawValue, mode & 0o777) == 0 else {
            throw FileError("write", path)
        }
    }
}

extension FileError {
    /// Calls swift-system and gives its error the words of a `FileError`.
    static func wrapping<Value>(_ verb: String, _ path: String, _ body: () throws -> Value)
        throws(FileError) -> Value
    {
        do {
            return try body()
        } catch let error as FileError {
            throw error
        } catch {
            throw FileError(verb, path, error as? Errno ?? .ioError)
        }
    }
}
