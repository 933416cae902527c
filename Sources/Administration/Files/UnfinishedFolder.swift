import Base
import FoundationEssentials
import Glibc
import Storage

/// A folder that gets its name when all that belongs into it is there and on the disk. Until then
/// it is `NAME.unfinished`; what a crash leaves of one, the next of the same name removes.
final class UnfinishedFolder {
    /// What it has in it until it is finished.
    static let marker = ".spotter-unfinished"

    let path: String
    private let target: String
    private let lock: OpenFile

    /// - Parameters:
    ///   - target: must not exist, or be an empty folder.
    ///   - option: what the user named it with.
    init(for target: String, option: String) throws {
        var target = target
        while target.count > 1, target.hasSuffix("/") { target.removeLast() }
        let name = URL(filePath: target).lastPathComponent
        guard !["", "/", ".", ".."].contains(name), !target.hasSuffix("/..") else {
            throw AdministrationError(
                "\(option) must be the name of a new folder, not '\(target)'.")
        }
        try Self.checkPlace(target, option)
        self.target = target
        path = "\(target).unfinished"
        try DurableFile.makeFolder(path, mode: 0o700)
        lock = try OpenFile.folder(path, followingLinks: false)
        // A command that held it may have ended and given it its name in between.
        guard lock.tryLock(), let held = lock.status, let named = FileStatus(at: path),
            held.isSameFile(as: named)
        else { throw AdministrationError("\(path) is being written by another command.") }
        let left = try FileManager.default.contentsOfDirectory(atPath: path)
        guard left.isEmpty || left.contains(Self.marker) else {
            throw AdministrationError(
                "\(path) is not ours. Remove it, or choose another \(option).")
        }
        // The marker goes last.
        for name in left where name != Self.marker {
            try FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
        try? lock.setMode(0o700)
        if left.isEmpty { _ = try OpenFile.creating("\(path)/\(Self.marker)", mode: 0o600) }
    }

    /// Before anything is written: whether a folder can get that name in the end.
    ///
    /// - Throws: `AdministrationError` when there is something, or nothing can be made beside it.
    static func checkPlace(_ target: String, _ option: String) throws {
        guard !(FileStatus(at: target)?.isLink ?? false) else {
            throw AdministrationError(
                "\(target) is a link. Give \(option) the name of a new folder.")
        }
        let there = FileStatus(at: target)
        if let there {
            guard there.isFolder,
                try FileManager.default.contentsOfDirectory(atPath: target).isEmpty
            else {
                throw AdministrationError(
                    "\(target) exists already. Give \(option) a name that is still free; nothing "
                        + "was changed.")
            }
        }
        let above = parent(target)
        guard let folder = FileStatus(path: above), folder.isFolder else {
            throw AdministrationError("The folder \(above) does not exist; make it first.")
        }
        if let there, there.device != folder.device || isMountPoint(target) {
            throw AdministrationError(
                "\(target) is where a file system is mounted, and cannot be replaced by another "
                    + "folder. Give \(option) a new folder in it, like \(target)/data; nothing was "
                    + "changed.")
        }
        guard access(above, W_OK | X_OK) == 0 else {
            throw AdministrationError(
                "\(target) cannot be made: this user may not write in \(above). Run the command as "
                    + "one who may (with sudo, say), or choose another \(option); nothing was "
                    + "changed.")
        }
    }

    private static func parent(_ path: String) -> String {
        var path = path[...]
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Also where a folder of the same file system is mounted.
    private static func isMountPoint(_ path: String) -> Bool {
        guard let path = FileStatus.resolved(path),
            let table = FileManager.default.contents(atPath: "/proc/self/mountinfo")
        else {
            return false
        }
        return String(decoding: table, as: UTF8.self).split(separator: "\n").contains { line in
            // The fifth word; a space in it is written as an octal number.
            line.split(separator: " ").dropFirst(4).first?
                .replacing("\\040", with: " ") == path[...]
        }
    }

    /// Waits until all is on the disk and gives the folder its name.
    ///
    /// - Parameter isShared: whether a file is only another name of one that somebody else keeps.
    ///   A disk takes milliseconds for each that it is asked about, also where nothing is to do.
    func finish(isShared: (_ path: String) -> Bool = { _ in false }) throws {
        // All at once is quicker than one after the other, which then finds nothing left to write
        // and tells what could not be written.
        Glibc.sync()
        try Self.syncAll(path, isShared)
        guard rename(path, target) == 0 else { throw FileError("make", target) }
        unlink("\(target)/\(Self.marker)")
        DurableFile.syncDirectory("\(target)/..")
    }

    private static func syncAll(_ folder: String, _ isShared: (String) -> Bool) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let path = "\(folder)/\(name)"
            guard let facts = FileStatus(at: path) else { continue }
            if facts.isFolder {
                try syncAll(path, isShared)
            } else if facts.isFile, !isShared(path), let file = try OpenFile.reading(path) {
                try file.sync()
            }
        }
        DurableFile.syncDirectory(folder)
    }

    /// Removes what there is so far.
    func discard() { try? FileManager.default.removeItem(atPath: path) }
}
