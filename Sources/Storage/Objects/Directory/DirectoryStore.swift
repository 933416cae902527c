import Base
package import FoundationEssentials
package import Logging
package import NIOPosix
import Synchronization

/// Buckets as directories: the object KEY of BUCKET is the file `ROOT/BUCKET/KEY`.
///
/// People may put files there by hand. A bucket may itself be a symbolic link; a link inside a
/// bucket that leads out of it is refused. Names that begin with `.spotter-` are ours:
///
/// | path in the bucket | what |
/// | --- | --- |
/// | `.spotter-metadata/` | attributes of objects (`RecordFolder`) |
/// | `.spotter-uploads/ID/` | multipart uploads (`UploadFolder`) |
/// | `.spotter-bucket` | how old the bucket is |
/// | `.spotter-settings` | what was put as the bucket's configuration |
/// | `.spotter-temporary/` | files on their way; emptied at every start |
/// | `FOLDER/.spotter-folder` | the object `FOLDER/` |
/// | `FOLDER/.spotter-object` | the object `FOLDER`, beside objects in it |
///
/// What the lock guards is short: the making of folders, the check of a condition and the rename
/// of a write, and the removal of a file and its empty folders, so that neither comes between the
/// other. Copying and syncing happen outside.
package final class DirectoryStore: ObjectStore {
    struct State {
        /// The last time that was given to a file. No two files get the same.
        var stampNanoseconds = 0
        /// Records whose files have not got their names yet.
        var pendingRecords: Set<String> = []
        /// Names in the log that no list shows.
        var unlisted: Set<String> = []
    }

    let root: String
    let pool: NIOThreadPool
    let state = Mutex(State())
    /// Held while a bucket's configuration is read, changed and written.
    let settingsChange = Mutex(())
    private let logger: Logger?

    /// Makes `root` when it is missing, and removes what a crash left unfinished.
    ///
    /// - Parameters:
    ///   - pool: where blocking calls run.
    ///   - logger: is given the names of files that no list can show; nil for none.
    package init(root: String, pool: NIOThreadPool, logger: Logger? = nil) throws(StorageError) {
        self.root = root
        self.pool = pool
        self.logger = logger
        do {
            try FileManager.default.createDirectory(
                atPath: root, withIntermediateDirectories: true)
        } catch {
            throw StorageError(.unavailable, "Could not make the directory \(root): \(error)")
        }
        forEachBucket { bucket in
            bucket.sweepTemporaries()
            _ = removeIdleUploads(of: bucket, now: nextStamp())
        }
    }

    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws
        -> Value
    {
        try await pool.runIfActive(work)
    }

    // MARK: Buckets

    /// Makes the bucket's folder and syncs it; does nothing when the bucket exists.
    ///
    /// - Throws: `invalidName`, `unavailable`.
    package func createBucket(_ bucket: String) async throws {
        try await run { _ = try self.make(bucket) }
    }

    /// - Throws: `bucketExists`, `invalidName`.
    package func makeBucket(_ bucket: String) async throws {
        try await run {
            guard try self.make(bucket) else {
                throw StorageError(.bucketExists, "The bucket \(bucket) exists already.")
            }
        }
    }

    private func make(_ bucket: String) throws(StorageError) -> Bool {
        try BucketFolder.check(bucket)
        return try onDisk {
            let top = try OpenFolder(root)
            guard try top.makeFolder(bucket) else { return false }
            if let folder = try top.folder(bucket) {
                _ = try folder.make(BucketFolder.birthName, Data())
                folder.sync()
            }
            top.sync()
            return true
        }
    }

    /// False also for a text that cannot be the name of a bucket.
    package func bucketExists(_ bucket: String) async throws -> Bool {
        try await run { (try? BucketFolder(bucket, root: self.root)) != nil }
    }

    /// All buckets, sorted by name.
    package func buckets() async throws -> [BucketSummary] {
        try await run {
            var found: [BucketSummary] = []
            self.forEachBucket { found.append(BucketSummary(name: $0.name, created: $0.created)) }
            return found
        }
    }

    /// One after another, so that few are open at once.
    private func forEachBucket(_ body: (BucketFolder) -> Void) {
        for name in ((try? OpenFolder(root).names()) ?? []).sorted() {
            if let bucket = try? BucketFolder(name, root: root) { body(bucket) }
        }
    }

    /// Removes a bucket without objects. Unfinished multipart uploads go with it. Of a bucket that
    /// is a link, the folder that it leads to stays, empty.
    ///
    /// - Throws: `bucketNotEmpty`, `noSuchBucket`.
    package func deleteBucket(_ bucket: String) async throws {
        try await run {
            let folder = try BucketFolder(bucket, root: self.root)
            let top = try onDisk { try OpenFolder(self.root) }
            try self.state.withLock { _ in
                try folder.removeContents()
                if top.status(bucket)?.isLink ?? false {
                    try onDisk { try top.remove(bucket) }
                } else if !top.removeFolder(bucket) {
                    throw folder.notEmpty
                }
            }
            top.sync()
        }
    }

    // MARK: Objects by key

    /// Writes a temporary file, syncs it and renames it, so that no reader sees a part of it. The
    /// content type is derived from the key's extension.
    ///
    /// - Throws: `noSuchBucket`, `invalidName`, `unavailable`.
    package func put(_ content: ObjectContent, at location: ObjectLocation) async throws {
        try await run {
            let (bucket, key) = try self.place(location)
            var file = try TemporaryFile(in: bucket)
            defer { file.discard() }
            switch content {
            case .bytes(let bytes): try file.append(bytes)
            case .file(let path):
                guard let source = try onDisk({ try OpenFile.reading(path) }) else {
                    throw StorageError(.unavailable, "Could not read \(path): no such file.")
                }
                try file.append(
                    contentsOf: CheckedFile(source, size: .max, blocks: nil, name: path))
            }
            let attributes = ObjectAttributes(
                etag: file.md5 ?? "", headers: ContentTypes.headers(ofKey: key.text))
            _ = try self.commit(file, attributes, at: location)
        }
    }

    /// - Throws: `noSuchObject`, `noSuchBucket`, `invalidName`, `tooLarge`, `damaged`,
    ///   `unavailable`.
    package func get(_ location: ObjectLocation, bytesMax: Int) async throws -> Data {
        try await run {
            let reader = try self.opened(location)
            try Self.check(reader.object, location, bytesMax: bytesMax)
            return try reader.file.bytes(at: 0, count: reader.object.size)
        }
    }

    /// Pieces have `OpenFile.pieceBytes` bytes, the last one fewer. A replacement or deletion
    /// during the read does not change what is read.
    ///
    /// - Throws: As `get` does; what `chunk` throws ends the read and is passed on.
    package func read(
        _ location: ObjectLocation, bytesMax: Int, _ chunk: (Data) async throws -> Void
    ) async throws {
        let reader = try await open(location)
        try Self.check(reader.object, location, bytesMax: bytesMax)
        var offset = 0
        while true {
            let piece = try await reader.read(offset: offset, count: OpenFile.pieceBytes)
            if piece.isEmpty { return }
            offset += piece.count
            try await chunk(piece)
        }
    }

    private static func check(_ object: StoredObject, _ location: ObjectLocation, bytesMax: Int)
        throws(StorageError)
    {
        guard object.size <= bytesMax else {
            throw StorageError(
                .tooLarge, "\(location) has \(object.size) bytes; at most \(bytesMax) are allowed.")
        }
    }

    /// - Throws: `noSuchBucket`, `invalidName`, `unavailable`.
    package func head(_ location: ObjectLocation) async throws -> ObjectSummary? {
        try await object(location).map { ObjectSummary(key: $0.key, size: $0.size) }
    }

    /// Removes the file, its record and the folders that become empty.
    ///
    /// - Throws: `noSuchBucket`, `invalidName`, `unavailable`.
    package func delete(_ location: ObjectLocation) async throws {
        try await delete(location, condition: .none)
    }

    /// Walks the folders on every call. A file that disappears during the walk is left out, so a
    /// page may have fewer than `limit` objects although more follow.
    ///
    /// - Throws: `noSuchBucket`, `invalidName`.
    package func list(_ bucket: String, prefix: String, after: String?, limit: Int) async throws
        -> [ObjectSummary]
    {
        try await run {
            let folder = try BucketFolder(bucket, root: self.root)
            let query = ListQuery(prefix: prefix, after: after, limit: limit)
            let items = try self.items(folder, query, itemsMax: limit) { key, place in
                place.status.map { ObjectSummary(key: key, size: $0.size) }
            }
            return items.compactMap { item in
                if case .key(_, let object) = item { object } else { nil }
            }
        }
    }

    /// Walks the keys of a bucket. Names in the log, once, the files that no list shows.
    func items<Object>(
        _ bucket: BucketFolder, _ query: ListQuery, itemsMax: Int,
        _ describe: @escaping (_ key: String, ObjectPlace) throws -> Object?
    ) throws(StorageError) -> [KeyWalk<Object>.Item] {
        try onDisk {
            try KeyWalk.items(
                bucket, query, itemsMax: itemsMax, describe: describe,
                unlisted: { self.report(unlisted: $0, of: bucket) })
        }
    }

    private func report(unlisted key: [UInt8], of bucket: BucketFolder) {
        let name = "s3://\(bucket.name)/\(String(decoding: key, as: UTF8.self))"
        let isNew = state.withLock { state in
            state.unlisted.count < DirectoryLimits.unlistedNamesMax
                && state.unlisted.insert(name).inserted
        }
        guard isNew else { return }
        logger?.warning(
            """
            No list shows '\(LogText.escaped(name))': XML cannot carry that name, or it is longer \
            than a key may be. Rename the file.
            """)
    }
}
