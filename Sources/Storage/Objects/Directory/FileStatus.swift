import FoundationEssentials
import Glibc

/// What the file system says about a file.
package struct FileStatus: Sendable, Equatable {
    package enum Kind: Sendable {
        case file
        case folder
        case link
        case other
    }

    package let kind: Kind
    /// In bytes.
    package let size: Int
    /// Since 1970.
    package let modifiedNanoseconds: Int
    /// Permissions.
    package let mode: UInt32
    package let device: UInt64
    package let inode: UInt64

    package var isFile: Bool { kind == .file }
    package var isFolder: Bool { kind == .folder }
    package var isLink: Bool { kind == .link }

    var modified: Date { Date(timeIntervalSince1970: Double(modifiedNanoseconds) / 1e9) }

    /// Nil when there is nothing at `path`.
    package init?(path: String, followingLinks: Bool = true) {
        var info = stat()
        guard (followingLinks ? stat(path, &info) : lstat(path, &info)) == 0 else { return nil }
        self.init(info)
    }

    package init?(descriptor: Int32) {
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { return nil }
        self.init(info)
    }

    private static let secondsMax = 9_223_372_035

    private init(_ info: stat) {
        switch info.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .folder
        case S_IFLNK: kind = .link
        default: kind = .other
        }
        size = Int(info.st_size)
        // People may give their files times of any century; 64 bits of nanoseconds end in 2262.
        let seconds = max(-Self.secondsMax, min(Self.secondsMax, info.st_mtim.tv_sec))
        modifiedNanoseconds = seconds * 1_000_000_000 + info.st_mtim.tv_nsec
        mode = info.st_mode & 0o777
        device = UInt64(info.st_dev)
        inode = UInt64(info.st_ino)
    }

    /// An absolute path without links; nil when there is nothing at `path`.
    static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
