import FoundationEssentials
import Glibc
import Storage

/// A folder that gets its name when all that belongs into it is there and on the disk. Until then
/// it is `NAME.unfinished`; what a crash leaves of one, the next of the same name removes.
final class UnfinishedFolder {
    private static let marker = ".spotter-unfinished"

    let path: String
    private let target: String
    private let lock: DiskFile

    /// - Parameters:
    ///   - target: must not exist, or be an empty folder.
    ///   - option: what the user named it with.
    init(for target: String, option: String) throws {
        var target = target
        while target.count > 1, target.hasSuffix("/") { target.removeLast() }
        let name = URL(filePath: target).lastPathComponent
        guard !["", "/", ".", ".."].contains(name), !target.hasSuffix("/..") else {
            throw ServerError("\(option) must be the name of a new folder, not '\(target)'.")
        }
        try Self.checkFree(target, option)
        self.target = target
        path = "\(target).unfinished"
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw DiskFile.failure("make", path)
        }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw DiskFile.failure("open", path) }
        lock = DiskFile(descriptor: descriptor, path: path)
        // Whoever held it may have ended and given it its name in between.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0,
            let held = lock.status, let named = FileFacts(path: path), held.isSameFile(as: named)
        else { throw ServerError("\(path) is being written by another command.") }
        let left = try FileManager.default.contentsOfDirectory(atPath: path)
        guard left.isEmpty || left.contains(Self.marker) else {
            throw ServerError("\(path) is not ours. Remove it, or choose another \(option).")
        }
        // The marker goes last.
        for name in left where name != Self.marker {
            try FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
        fchmod(descriptor, 0o700)
        if left.isEmpty { _ = try DiskFile.making("\(path)/\(Self.marker)", mode: 0o600) }
    }

    /// - Throws: `ServerError` when there is something.
    static func checkFree(_ target: String, _ option: String) throws {
        guard let there = FileFacts(path: target, followingLinks: true) else { return }
        guard there.isFolder,
            try FileManager.default.contentsOfDirectory(atPath: target).isEmpty
        else {
            throw ServerError(
                "\(target) exists already. Give \(option) a name that is still free; nothing was "
                    + "changed.")
        }
    }

    /// Waits until all is on the disk and gives the folder its name.
    func finish() throws {
        // All at once is quicker than one after the other, which then finds nothing left to write
        // and tells what could not be written.
        Glibc.sync()
        try Self.syncAll(path)
        guard rename(path, target) == 0 else { throw DiskFile.failure("make", target) }
        unlink("\(target)/\(Self.marker)")
        DurableFile.syncDirectory("\(target)/..")
    }

    private static func syncAll(_ folder: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let path = "\(folder)/\(name)"
            guard let facts = FileFacts(path: path) else { continue }
            if facts.isFolder {
                try syncAll(path)
            } else if facts.isFile, let file = try DiskFile.reading(path) {
                guard fsync(file.descriptor) == 0 else { throw DiskFile.failure("write", path) }
            }
        }
        DurableFile.syncDirectory(folder)
    }

    /// Removes what there is so far.
    func discard() { try? FileManager.default.removeItem(atPath: path) }
}
