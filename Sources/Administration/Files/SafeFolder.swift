import Glibc
import Storage

/// Opens files below a folder by paths that somebody else wrote: no link is followed on the way.
struct SafeFolder {
    private let root: DiskFile

    init(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DiskFile.failure("open", path) }
        root = DiskFile(descriptor: descriptor, path: path)
    }

    /// - Parameter components: names, none of them empty, `.` or `..`.
    /// - Returns: nil when there is no such file, or a link in the way.
    func file(_ components: [String]) throws -> DiskFile? {
        let path = "\(root.path)/\(components.joined(separator: "/"))"
        var folder = root
        for name in components.dropLast() {
            let descriptor = openat(
                folder.descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { return try none(path) }
            folder = DiskFile(descriptor: descriptor, path: path)
        }
        guard let name = components.last else { return nil }
        let descriptor = openat(
            folder.descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return try none(path) }
        let file = DiskFile(descriptor: descriptor, path: path)
        return file.status?.isFile ?? false ? file : nil
    }

    private func none(_ path: String) throws -> DiskFile? {
        guard [ENOENT, ENOTDIR, ELOOP, ENXIO].contains(errno) else {
            throw DiskFile.failure("read", path)
        }
        return nil
    }
}
