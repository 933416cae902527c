import Glibc
import Synchronization
import SystemPackage

/// A file that does nothing but take room, which is given back when other programs have filled the
/// disk: then there is room to remove things, and to note who did. All calls block.
package final class DiskReserve: Sendable {
    /// Thousands of small transactions and lines of the audit log.
    package static let bytes = 8 << 20

    private let path: String
    private let freeBytes: @Sendable () -> Int?
    private let isHeld: Mutex<Bool>

    /// - Parameters:
    ///   - path: of the file, in a folder that is there.
    ///   - freeBytes: what the file system has left besides the reserve; nil where it is not known.
    package init(path: String, freeBytes: @escaping @Sendable () -> Int?) {
        self.path = path
        self.freeBytes = freeBytes
        isHeld = Mutex(FileStatus(at: path).map { $0.size > 0 } ?? false)
    }

    /// Gives the reserve back where the disk is full, and takes it again once there is ample room.
    ///
    /// - Returns: whether large files are refused for want of room.
    package func keep() -> Bool {
        guard let free = freeBytes() else { return false }
        isHeld.withLock { isHeld in
            if isHeld, free < Self.bytes / 2 {
                isHeld = truncate(path, 0) != 0
            } else if !isHeld, free > DiskSpace.reservedBytes + 2 * Self.bytes {
                isHeld = take()
            }
        }
        return free < DiskSpace.reservedBytes
    }

    private func take() -> Bool {
        guard
            let file = try? OpenFile.opening(
                path, .writeOnly, [.create, .noFollow], mode: 0o600, verb: "write")
        else { return false }
        return posix_fallocate(file.descriptor.rawValue, 0, Self.bytes) == 0
    }
}
