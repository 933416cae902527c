import Base
import FoundationEssentials
import Glibc

/// How much of a data directory a backup would have to copy since it cannot get a second name.
/// Blocks.
struct BackupRoom {
    /// The sum of the sizes of those files, without the rows.
    private(set) var copiedBytes = 0

    private let device: UInt64?
    private let hasLinks: Bool

    /// - Parameter folder: where the backup is to be; a file is made and removed in it.
    init(dataDirectory: String, folder: String) throws {
        device = FileStatus(path: folder)?.device
        let probe = "\(folder)/probe"
        _ = try OpenFile.creating(probe, mode: 0o600)
        hasLinks = link(probe, "\(probe)-link") == 0
        unlink(probe)
        unlink("\(probe)-link")
        for root in BackupEntry.roots where root != "audit" && root != DataDirectory.databaseName {
            // A data directory's own folders may be links, and so may buckets.
            add("\(dataDirectory)/\(root)", followingLinks: root == "buckets" ? 2 : 1)
        }
    }

    private mutating func add(_ path: String, followingLinks: Int) {
        let status = followingLinks > 0 ? FileStatus(path: path) : FileStatus(at: path)
        guard let status else { return }
        if status.isFolder {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            for name in names { add("\(path)/\(name)", followingLinks: followingLinks - 1) }
        } else if status.isFile, !mayLink(path, status) {
            copiedBytes += status.size
        }
    }

    /// Linux lets nobody link a file of others that he could not change (`protected_hardlinks`).
    private func mayLink(_ path: String, _ status: FileStatus) -> Bool {
        hasLinks && status.device == device
            && (status.owner == geteuid() || access(path, R_OK | W_OK) == 0)
    }

    /// Rounded up.
    static func megabytes(_ bytes: Int) -> Int { (bytes + (1 << 20) - 1) >> 20 }
}
