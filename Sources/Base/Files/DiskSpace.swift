import Glibc
import SystemPackage

/// How much a file system has left.
package enum DiskSpace {
    /// Bytes that objects, archives and other large files leave free, so that the database, the
    /// audit log and removals go on.
    package static let reservedBytes = 32 << 20
    /// With less the system refuses what SQLite needs for one small transaction.
    package static let smallBytes = 1 << 20

    /// Bytes that this process may still write below `path`; nil where the system does not say.
    package static func freeBytes(_ path: String) -> Int? {
        var space = statvfs()
        guard statvfs(path, &space) == 0, space.f_blocks > 0 else { return nil }
        let (bytes, isEndless) = Int(clamping: space.f_bavail).multipliedReportingOverflow(
            by: Int(clamping: space.f_frsize))
        return isEndless ? .max : bytes
    }

    /// Called before bytes of a large file are written below `folder`, which is there.
    ///
    /// - Throws: `FileError`, as a full disk has it, when less than `reservedBytes` are free.
    package static func checkRoom(_ folder: String) throws(FileError) {
        if let free = freeBytes(folder), free < reservedBytes {
            throw FileError("write", folder, .noSpace)
        }
    }
}
