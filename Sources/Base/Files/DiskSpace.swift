import Glibc

/// How much a file system has left.
package enum DiskSpace {
    /// Bytes that this process may still write below `path`; nil where the system does not say.
    package static func freeBytes(_ path: String) -> Int? {
        var space = statvfs()
        guard statvfs(path, &space) == 0, space.f_blocks > 0 else { return nil }
        let (bytes, isEndless) = Int(clamping: space.f_bavail).multipliedReportingOverflow(
            by: Int(clamping: space.f_frsize))
        return isEndless ? .max : bytes
    }
}
