package import FoundationEssentials
import Glibc

/// Files that are there whole or not at all, also after a power cut.
package enum DurableFile {
    /// Writes `bytes` beside `path` under a name of its own, syncs, and renames.
    ///
    /// - Parameters:
    ///   - temporaryDirectory: on the same file system as `path`; its own directory when nil.
    ///   - mode: permissions of the file.
    package static func write(
        _ bytes: Data, to path: String, temporaryDirectory: String? = nil, mode: UInt32 = 0o644
    ) throws(StorageError) {
        try replace(path, temporaryDirectory, mode) { descriptor in
            bytes.withUnsafeBytes { writeAll($0, to: descriptor) }
        }
    }

    /// Copies the file `source` in the same way, in pieces.
    package static func copy(
        _ source: String, to path: String, temporaryDirectory: String? = nil
    ) throws(StorageError) {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw failure("read", source) }
        defer { close(input) }
        try replace(path, temporaryDirectory, 0o644) { output in
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let count = read(input, &buffer, buffer.count)
                if count == 0 { return true }
                if count < 0 {
                    if errno == EINTR { continue }
                    return false
                }
                let isWritten = buffer.withUnsafeBytes {
                    writeAll(UnsafeRawBufferPointer(rebasing: $0[..<count]), to: output)
                }
                if !isWritten { return false }
            }
        }
    }

    private static func replace(
        _ path: String, _ temporaryDirectory: String?, _ mode: mode_t, _ fill: (Int32) -> Bool
    ) throws(StorageError) {
        let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        let directory = temporaryDirectory ?? (parent.isEmpty ? "." : parent)
        let temporary = "\(directory)/.spotter-\(UUID().uuidString)"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("write", path) }
        let isFilled = fill(descriptor) && fsync(descriptor) == 0
        let code = errno
        close(descriptor)
        guard isFilled else {
            unlink(temporary)
            errno = code
            throw failure("write", path)
        }
        guard rename(temporary, path) == 0 else {
            let code = errno
            unlink(temporary)
            errno = code
            throw failure("write", path)
        }
        syncDirectory(parent.isEmpty ? "." : parent)
    }

    static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return true
    }

    /// Makes a rename or a removal in `path` last.
    package static func syncDirectory(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    static func failure(_ verb: String, _ path: String) -> StorageError {
        StorageError(
            .unavailable, "Could not \(verb) \(path): \(String(cString: strerror(errno))).")
    }
}
