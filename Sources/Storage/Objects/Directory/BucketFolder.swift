import Base
import FoundationEssentials
import Glibc
import SystemPackage

/// The open directory of a bucket, for one operation. A bucket may itself be a symbolic link, which
/// is followed here, once. All that is in it is reached from here by names, so a link inside of it
/// that leads out, or is put there meanwhile, leads nowhere.
struct BucketFolder: Sendable {
    /// Files on their way; emptied at every start.
    static let temporaryName = ".spotter-temporary"
    static let recordsName = ".spotter-metadata"
    /// Multipart uploads, which outlive a restart.
    static let uploadsName = ".spotter-uploads"
    /// An empty file as old as the bucket.
    static let birthName = ".spotter-bucket"
    /// What was put as the bucket's configuration; not there for a bucket without.
    static let settingsName = ".spotter-settings"

    let name: String
    let folder: OpenFolder

    /// - Throws: `noSuchBucket`, `invalidName`.
    init(_ name: String, root: String) throws(StorageError) {
        try Self.check(name)
        self.name = name
        let absent: [Errno] = [.noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels]
        do throws(FileError) {
            folder = try OpenFolder("\(root)/\(name)")
        } catch {
            if absent.contains(error.code) { throw Self.missing(name) }
            throw StorageError(error)
        }
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

    // MARK: What is ours

    /// One of our own folders; nil when there is none.
    ///
    /// - Throws: `invalidName` for a link.
    func ours(_ name: String) throws(StorageError) -> OpenFolder? {
        try below(name) { try folder.folder(name) }
    }

    /// One of our own folders, made where it is missing.
    ///
    /// - Parameters:
    ///   - parent: the folder that it is in; the bucket's own when nil.
    ///   - isDurable: whether a new one's name is made to last.
    /// - Throws: `invalidName` for a link, `noSuchBucket` when the parent was removed.
    func made(_ name: String, in parent: OpenFolder? = nil, isDurable: Bool = false)
        throws(StorageError) -> OpenFolder
    {
        let parent = parent ?? folder
        return try below(name) {
            // Another process that just starts may remove an empty folder again.
            for _ in 0..<8 {
                if try parent.makeFolder(name), isDurable { parent.sync() }
                if let made = try parent.folder(name) { return made }
            }
            throw FileError("make", "\(parent.path)/\(name)", .noSuchFileOrDirectory)
        }
    }

    /// A JSON file; nil when there is none, or not one of ours.
    ///
    /// - Throws: `invalidName` for a link.
    func record<Record: Decodable>(_ name: String, in folder: OpenFolder, as: Record.Type)
        throws(StorageError) -> Record?
    {
        try bytes(name, in: folder).flatMap { try? JSONDecoder().decode(Record.self, from: $0) }
    }

    /// The bytes of a file of ours; nil when there is none.
    ///
    /// - Throws: `invalidName` for a link.
    func bytes(_ name: String, in folder: OpenFolder) throws(StorageError) -> Data? {
        try below(name) { try folder.contents(name, bytesMax: DirectoryLimits.recordBytesMax) }
    }

    /// Calls the file system for something in the bucket.
    ///
    /// - Parameter name: what the error names.
    /// - Throws: `invalidName` when a link is in its place, or a file in that of a folder;
    ///   `noSuchBucket` when the folder that it would be in was removed.
    func below<Value>(_ name: String, _ body: () throws -> Value) throws(StorageError) -> Value {
        do {
            return try body()
        } catch let error as FileError {
            throw failure(error, name)
        } catch {
            return try onDisk { throw error }
        }
    }

    func failure(_ error: FileError, _ name: String) -> StorageError {
        switch error.code {
        case .noSuchFileOrDirectory: Self.missing(self.name)
        case .notDirectory, .tooManySymbolicLinkLevels, .invalidArgument:
            StorageError(
                .invalidName,
                "\(name) in the bucket \(self.name) is a link, or not what Spotter puts there. No "
                    + "link is followed there: remove it.")
        default: StorageError(error)
        }
    }

    // MARK: The bucket

    /// When the bucket was made; of one made by hand, when it last changed.
    var created: Date {
        let birth = folder.status(Self.birthName)
        let status = birth?.isFile ?? false ? birth : folder.status
        return status?.modified ?? Date(timeIntervalSince1970: 0)
    }

    /// Removes all that is in the bucket when that is nothing but folders and what is ours.
    ///
    /// - Throws: `bucketNotEmpty`.
    func removeContents() throws(StorageError) {
        let ours = [
            Self.temporaryName, Self.recordsName, Self.uploadsName, Self.birthName,
            Self.settingsName,
        ]
        guard try onDisk({ try !FolderEntries.hasFile(folder, except: ours) }) else {
            throw notEmpty
        }
        for name in ours { folder.removeAll(name) }
        guard Self.removeFolders(in: folder) else { throw notEmpty }
    }

    var notEmpty: StorageError {
        StorageError(.bucketNotEmpty, "The bucket \(name) is not empty.")
    }

    private static func removeFolders(in folder: OpenFolder, depth: Int = 0) -> Bool {
        folder.names().allSatisfy { name in
            if folder.removeFolder(name) { return true }
            guard depth < OpenFolder.depthMax, let below = try? folder.folder(name) else {
                return false
            }
            return removeFolders(in: below, depth: depth + 1) && folder.removeFolder(name)
        }
    }

    /// Removes what a crash left unfinished, and nothing that any process still writes.
    func sweepTemporaries() {
        guard let temporary = try? ours(Self.temporaryName) else { return }
        for name in temporary.names() {
            guard temporary.status(name)?.isFile ?? false else {
                temporary.removeAll(name)
                continue
            }
            let file = try? temporary.reading(name)
            if file?.tryLock() ?? false { try? temporary.remove(name) }
        }
        folder.removeFolder(Self.temporaryName)
    }
}
