import Base
import FoundationEssentials
import Glibc
import Storage
import SystemPackage

/// Brings files into a backup: as another name of the same file where that is safe, as a copy that
/// shares its blocks where the file system can do that, else as a copy. All calls block.
struct FileTransfer {
    /// On its way, in the file system of the backup.
    private let incoming: String
    /// Nothing is shared with the data directory.
    private let copiesAll: Bool

    init(incoming: String, copiesAll: Bool) {
        self.incoming = incoming
        self.copiesAll = copiesAll
    }

    /// - Parameters:
    ///   - source: a link there is followed: it is the data directory's owner's.
    ///   - mayLink: whether nobody changes the file where it is: others only take its name.
    /// - Returns: false when there is no such file (any more).
    func bring(_ source: String, to target: String, mayLink: Bool) throws -> Bool {
        let isLinked = FileStatus(at: source)?.isLink ?? false
        guard let path = isLinked ? FileStatus.resolved(source) : source,
            let file = NamedFile(path)
        else { return false }
        return try bring(file, to: target, mayLink: mayLink && !isLinked)
    }

    /// As the other one, but follows no link.
    func bring(_ source: NamedFile, to target: String, mayLink: Bool) throws -> Bool {
        guard let file = source.status, file.isFile else { return false }
        if let there = FileStatus(at: target), there.isFile, there.isLike(file) { return true }
        try Self.makeFolders(above: target)
        unlink(incoming)
        let isLinked = mayLink && !copiesAll && source.folder.link(source.name, to: incoming)
        guard try isLinked || copy(source) else { return false }
        // A link may have come into the place of the file meanwhile.
        guard FileStatus(at: incoming)?.isFile ?? false else { return false }
        guard rename(incoming, target) == 0 else { throw FileError("write", target) }
        return true
    }

    /// - Returns: false when there is no such file.
    private func copy(_ source: NamedFile) throws -> Bool {
        for attempt in 1... {
            guard let file = try opened(source), let before = file.status, before.isFile else {
                return false
            }
            unlink(incoming)
            let target = try OpenFile.creating(incoming, mode: 0o600)
            if ioctl(target.descriptor.rawValue, Self.cloneRequest, file.descriptor.rawValue) != 0 {
                // A program that appends to it does not make the copy endless.
                var content = RunningDigest()
                try file.forEachPiece(bytesMax: before.size) {
                    content.update($0)
                    try target.append($0)
                }
                try content.value.checkWritten(to: incoming)
            }
            try target.setMode(before.mode)
            try target.setModified(nanoseconds: before.modifiedNanoseconds)
            // Somebody is writing it by hand: once more, in the hope of an end.
            if file.status == before || attempt == OperatingLimits.attemptsMax { break }
        }
        return true
    }

    private func opened(_ source: NamedFile) throws(FileError) -> OpenFile? {
        do throws(FileError) {
            return try source.folder.reading(source.name)
        } catch {
            if error.code == .tooManySymbolicLinkLevels { return nil }
            throw error
        }
    }

    /// FICLONE of Linux, which Glibc does not declare.
    private static let cloneRequest: UInt = 0x4004_9409

    static func makeFolders(above path: String) throws {
        guard let slash = path.lastIndex(of: "/") else { return }
        let folder = String(path[..<slash])
        if FileStatus(at: folder)?.isFolder ?? false { return }
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
    }
}
