import Base
import FoundationEssentials
import Glibc

/// How much of a data directory a backup would have to copy since it cannot get a second name.
/// Blocks.
///
/// A bind mount of the same file system has its number and refuses links all the same, so one link
/// is tried for each folder. A single file that is mounted is not noticed.
struct BackupRoom {
    /// The sum of the sizes of those files, without the rows.
    private(set) var copiedBytes = 0

    private let device: UInt64?
    private let probe: String

    /// - Parameter folder: where the backup is to be; a file is made and removed in it.
    init(dataDirectory: String, folder: String) {
        device = FileStatus(path: folder)?.device
        probe = "\(folder)/probe"
        for root in BackupEntry.roots where root != "audit" && root != DataDirectory.databaseName {
            // A data directory's own folders may be links, and so may buckets.
            let path = "\(dataDirectory)/\(root)"
            if root == "buckets" {
                for name in Self.names(path) { add("\(path)/\(name)", isBucket: true) }
            } else {
                add(path, isBucket: false)
            }
        }
    }

    private mutating func add(_ path: String, isBucket: Bool) {
        guard let path = FileStatus.resolved(path), let status = FileStatus(at: path) else {
            return
        }
        if status.isFolder {
            addFolder(path, linksLeadInto: isBucket ? path : nil)
        } else if status.isFile, !isBucket {
            var takesLinks: Bool?
            add(path, status, &takesLinks)
        }
    }

    /// - Parameter bucket: what else links lead to is no object; nil where they lead anywhere.
    private mutating func addFolder(_ folder: String, linksLeadInto bucket: String?) {
        var takesLinks: Bool?
        for name in Self.names(folder) {
            let path = "\(folder)/\(name)"
            guard let status = FileStatus(at: path) else { continue }
            switch status.kind {
            case .folder: addFolder(path, linksLeadInto: bucket)
            case .file: add(path, status, &takesLinks)
            // The file behind it is copied.
            case .link:
                guard let real = FileStatus.resolved(path), let status = FileStatus(at: real),
                    status.isFile, bucket.map({ real.utf8.starts(with: "\($0)/".utf8) }) ?? true
                else { continue }
                copiedBytes += status.size
            case .other: continue
            }
        }
    }

    /// - Parameter takesLinks: whether files of this folder get a second name, once one was tried.
    private mutating func add(_ path: String, _ status: FileStatus, _ takesLinks: inout Bool?) {
        // Linux lets nobody link a file of others that he could not change (`protected_hardlinks`).
        let mayLink =
            status.device == device
            && (status.owner == geteuid() || access(path, R_OK | W_OK) == 0)
        if mayLink, takesLinks == nil {
            let isLinked = link(path, probe) == 0
            // One that is gone by now says nothing about the others.
            if !isLinked, errno == ENOENT { return }
            unlink(probe)
            takesLinks = isLinked
        }
        if !mayLink || takesLinks == false { copiedBytes += status.size }
    }

    private static func names(_ folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    /// Rounded up.
    static func megabytes(_ bytes: Int) -> Int { (bytes + (1 << 20) - 1) >> 20 }
}
