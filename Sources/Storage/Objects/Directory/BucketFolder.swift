import Base
import FoundationEssentials
import Glibc
import SystemPackage

/// The directory of a bucket. A bucket may itself be a symbolic link; a link inside of it that
/// leads out is refused.
struct BucketFolder: Sendable {
    static let temporaryName = ".spotter-temporary"
    static let recordsName = ".spotter-metadata"
    static let uploadsName = ".spotter-uploads"
    /// An empty file as old as the bucket.
    static let birthName = ".spotter-bucket"
    /// What was put as the bucket's configuration; not there for a bucket without.
    static let settingsName = ".spotter-settings"

    let name: String
    /// Absolute and without links.
    let path: String

    /// Files on their way; emptied at every start.
    var temporary: String { "\(path)/\(Self.temporaryName)" }
    /// Multipart uploads, which outlive a restart.
    var uploads: String { "\(path)/\(Self.uploadsName)" }
    var records: RecordFolder { RecordFolder(path: "\(path)/\(Self.recordsName)") }

    /// - Throws: `noSuchBucket`, `invalidName`.
    init(_ name: String, root: String) throws(StorageError) {
        try Self.check(name)
        guard let real = FileStatus.resolved("\(root)/\(name)"),
            FileStatus(path: real)?.kind == .folder
        else { throw Self.missing(name) }
        self.name = name
        path = real
    }

    /// - Throws: `invalidName` for what is not the name of a bucket.
    static func check(_ name: String) throws(StorageError) {
        guard BucketName(name) != nil else {
            throw StorageError(
                .invalidName,
                "'\(name.prefix(80))' is not the name of a bucket. Use \(BucketName.rule).")
        }
    }

    static func missing(_ name: String) -> StorageError {
        StorageError(.noSuchBucket, "The bucket \(name) does not exist.")
    }

    /// The file of an object with all links followed; nil when there is none.
    ///
    /// - Throws: `invalidName` when it leads out of the bucket.
    func existing(_ key: ObjectPath) throws(StorageError) -> String? {
        guard let real = FileStatus.resolved("\(path)/\(key.path)") else { return nil }
        guard contains(real) else {
            throw StorageError(.invalidName, "s3://\(name)/\(key.text) leads out of its bucket.")
        }
        return real
    }

    /// Where the file of an object is, or the link to it; nil when its folder does not exist.
    ///
    /// - Throws: `invalidName` when it leads out of the bucket.
    func place(_ key: ObjectPath) throws(StorageError) -> String? {
        let parent = key.components.dropLast().reduce(path) { "\($0)/\($1)" }
        guard let real = FileStatus.resolved(parent) else { return nil }
        guard real == path || contains(real) else {
            throw StorageError(.invalidName, "s3://\(name)/\(key.text) leads out of its bucket.")
        }
        return "\(real)/\(key.components[key.components.count - 1])"
    }

    func contains(_ real: String) -> Bool { real.utf8.starts(with: "\(path)/".utf8) }

    /// - Throws: `invalidName` when the key's place is taken by a folder.
    func checkFree(_ key: ObjectPath) throws(StorageError) {
        guard let place = try place(key),
            FileStatus(at: place)?.kind == .folder
        else { return }
        throw StorageError(
            .invalidName,
            "s3://\(name)/\(key.text) is a folder of objects and cannot be an object itself.")
    }

    /// Makes the folders of a key one by one, following no link out of the bucket.
    ///
    /// - Returns: the key's parent, and the folders whose contents changed by it.
    func makeParents(of key: ObjectPath) throws(StorageError) -> (parent: String, changed: [String])
    {
        var parent = path
        var changed: [String] = []
        for component in key.components.dropLast() {
            let folder = "\(parent)/\(component)"
            if try onDisk({ try DurableFile.makeFolder(folder) }) { changed.append(parent) }
            guard let real = FileStatus.resolved(folder), contains(real),
                FileStatus(path: real)?.kind == .folder
            else {
                throw StorageError(
                    .invalidName,
                    "s3://\(name)/\(key.text) cannot be written: its part '\(component)' is an "
                        + "object, and no folder can have its name. Choose another key, or remove "
                        + "that object.")
            }
            parent = real
        }
        return (parent, changed)
    }

    /// Removes the folders that the removal of `file` left empty.
    ///
    /// - Returns: the nearest folder that stays.
    func removeEmptyParents(of file: String) -> String {
        var parent = file
        while let slash = parent.utf8.lastIndex(of: UInt8(ascii: "/")) {
            parent = String(parent[..<slash])
            guard contains(parent), rmdir(parent) == 0 else { break }
        }
        return parent
    }

    /// When the bucket was made; of one made by hand, when it last changed.
    var created: Date {
        let status = FileStatus(path: "\(path)/\(Self.birthName)") ?? FileStatus(path: path)
        return status?.modified ?? Date(timeIntervalSince1970: 0)
    }

    /// Removes the bucket when it has nothing but folders and what is ours.
    ///
    /// - Throws: `bucketNotEmpty`.
    func removeEmpty() throws(StorageError) {
        let ours = [
            Self.temporaryName, Self.recordsName, Self.uploadsName, Self.birthName,
            Self.settingsName,
        ]
        let notEmpty = StorageError(.bucketNotEmpty, "The bucket \(name) is not empty.")
        guard !FolderEntries.hasFile(path, except: ours) else { throw notEmpty }
        for name in ours { try? FileManager.default.removeItem(atPath: "\(path)/\(name)") }
        guard Self.removeFolders(path) else { throw notEmpty }
    }

    private static func removeFolders(_ path: String) -> Bool {
        if rmdir(path) == 0 || errno == ENOENT { return true }
        let names = FolderEntries.names(in: path, beginningWith: "")
        return names.allSatisfy { removeFolders("\(path)/\($0)") } && rmdir(path) == 0
    }

    /// Removes what a crash left unfinished, and nothing that any process still writes.
    static func sweepTemporaries(in folder: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names {
            let path = "\(folder)/\(name)"
            guard FileStatus(at: path)?.kind == .file else {
                try? FileManager.default.removeItem(atPath: path)
                continue
            }
            let file = try? OpenFile.opening(path, .readOnly, [.noFollow])
            if file?.tryLock() ?? false { unlink(path) }
        }
        rmdir(folder)
    }
}
