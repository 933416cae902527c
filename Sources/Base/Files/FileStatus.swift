package import FoundationEssentials
import Glibc
package import SystemPackage

/// What the file system says about a file at one moment.
package struct FileStatus: Sendable, Equatable {
    /// The type of the file as `stat` gives it.
    package enum Kind: Sendable {
        case file
        case folder
        case link
        /// A socket, a pipe or a device.
        case other
    }

    /// `link` only from `init(at:)`; the other initialisers describe what a link leads to.
    package let kind: Kind
    /// In bytes.
    package let size: Int
    /// Time of the last change of the bytes, since 1970.
    package let modifiedNanoseconds: Int
    /// The nine bits of permissions.
    package let mode: UInt32
    /// Number of the user whose file it is.
    package let owner: UInt32
    /// With `inode`, what tells two files apart whatever their names are.
    package let device: UInt64
    /// A number that is used again when the file is gone.
    package let inode: UInt64

    /// Whether it is a regular file.
    package var isFile: Bool { kind == .file }
    /// Whether it is a directory.
    package var isFolder: Bool { kind == .folder }
    /// Whether it is a symbolic link; always false for a status made by `init(path:)`.
    package var isLink: Bool { kind == .link }

    /// The time of the last change, exact to about 200 ns.
    package var modified: Date { Date(timeIntervalSince1970: Double(modifiedNanoseconds) / 1e9) }

    /// Describes what is at `path`, or where a link there leads; nil when there is nothing.
    package init?(path: String) {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        self.init(info)
    }

    /// Describes what is at `path` itself, also where that is a link; nil when there is nothing.
    package init?(at path: String) {
        var info = stat()
        guard lstat(path, &info) == 0 else { return nil }
        self.init(info)
    }

    /// Nil only when the disk fails.
    package init?(descriptor: FileDescriptor) {
        var info = stat()
        guard fstat(descriptor.rawValue, &info) == 0 else { return nil }
        self.init(info)
    }

    /// Describes what has a name in an open folder, itself also where it is a link.
    init?(_ name: String, in folder: FileDescriptor) {
        var info = stat()
        guard fstatat(folder.rawValue, name, &info, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        self.init(info)
    }

    /// People may give their files times of any century; 64 bits of nanoseconds end in 2262.
    private static let secondsMax = 9_223_372_035

    private init(_ info: stat) {
        switch info.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .folder
        case S_IFLNK: kind = .link
        default: kind = .other
        }
        size = Int(info.st_size)
        let seconds = max(-Self.secondsMax, min(Self.secondsMax, info.st_mtim.tv_sec))
        modifiedNanoseconds = seconds * 1_000_000_000 + info.st_mtim.tv_nsec
        mode = info.st_mode & 0o777
        owner = info.st_uid
        device = UInt64(info.st_dev)
        inode = UInt64(info.st_ino)
    }

    /// Compares device and inode, so hard links of one file are the same and copies are not.
    package func isSameFile(as other: FileStatus) -> Bool {
        device == other.device && inode == other.inode
    }

    /// Whether both have the same bytes, as far as sizes and times show.
    package func isLike(_ other: FileStatus) -> Bool {
        isSameFile(as: other)
            || size == other.size && modifiedNanoseconds == other.modifiedNanoseconds
    }

    /// An absolute path without links; nil when there is nothing at `path`.
    package static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
