import Base
import Crypto
import FoundationEssentials
import Glibc
import Synchronization

extension DirectoryStore {
    /// Opens an object. What it is now stays readable although it is replaced or deleted.
    ///
    /// - Throws: `noSuchBucket`, `noSuchObject`, `invalidName`; `damaged` for one whose attributes
    ///   are not as they were written.
    package func open(_ location: ObjectLocation) async throws -> ObjectReader {
        try await run { try self.opened(location) }
    }

    /// Reads an object whole and compares it with what was written.
    ///
    /// - Returns: false when nothing is known about its bytes, as of files put there by hand.
    /// - Throws: `damaged` that names the object and the bytes, and as `get` does.
    package func verify(_ location: ObjectLocation) async throws -> Bool {
        let reader = try await open(location)
        let isChecked = reader.file.blocks != nil
        var (hash, offset) = (Insecure.MD5(), 0)
        while true {
            let piece = try await reader.read(offset: offset, count: OpenFile.pieceBytes)
            if piece.isEmpty { break }
            if !isChecked { hash.update(data: piece) }
            offset += piece.count
        }
        if isChecked { return true }
        // Written before there were checksums of blocks: in one piece, the ETag is the MD5.
        let etag = reader.object.attributes.etag
        guard Hex.decode(lowerCase: etag)?.count == 16 else { return false }
        guard Hex.encode(hash.finalize()) == etag else {
            throw StorageError(
                .damaged, "The object \(location) is damaged: its MD5 is not its ETag \(etag).")
        }
        return true
    }

    /// An object without its bytes; nil when there is none.
    ///
    /// - Throws: `noSuchBucket`, `invalidName`; `damaged` as `open` does.
    package func object(_ location: ObjectLocation) async throws -> StoredObject? {
        try await run {
            let (bucket, key) = try self.place(location)
            return try self.current(key, in: bucket)?.object
        }
    }

    /// Begins the writing of an object, which is seen only when the upload is finished.
    ///
    /// - Throws: `noSuchBucket`, `invalidName`.
    package func beginUpload(_ location: ObjectLocation) async throws -> ObjectUpload {
        try await run {
            let (bucket, key) = try self.place(location)
            // What leads out of the bucket is refused before a byte is taken.
            _ = try bucket.place(key)
            let file = try TemporaryFile(in: bucket)
            return ObjectUpload(self, file, location, part: nil)
        }
    }

    /// Removes an object. Does nothing when there is none, whatever the condition: a client that
    /// repeats a deletion whose answer was lost must not fail by it.
    ///
    /// - Throws: `preconditionFailed`, `noSuchBucket`, `invalidName`.
    package func delete(_ location: ObjectLocation, condition: WriteCondition) async throws {
        try await run {
            let (bucket, key) = try self.place(location)
            let changed: OpenFolder? = try self.state.withLock { _ in
                if condition != .none, let current = try self.current(key, in: bucket)?.object {
                    try condition.check(current, location)
                }
                guard let place = try bucket.place(key), let status = place.status,
                    status.kind != .folder, try bucket.existing(key) != nil || status.isLink
                else { return nil }
                try bucket.below(key.text) { try place.folder.remove(place.name) }
                return place.removeEmptyFolders()
            }
            changed?.sync()
            self.sweepRecords(key, in: bucket)
        }
    }

    /// A page of the objects of a bucket.
    ///
    /// - Throws: `noSuchBucket`.
    package func page(_ bucket: String, _ query: ListQuery) async throws -> ListPage {
        try await run {
            let folder = try BucketFolder(bucket, root: self.root)
            guard query.limit > 0 else { return ListPage() }
            let records = try RecordFolder(folder)
            let items = try self.items(folder, query, itemsMax: query.limit + 1) { key, place in
                try self.listed(ObjectPath(key), place, records)
            }
            var page = ListPage()
            for item in items.prefix(query.limit) {
                switch item {
                case .prefix(let prefix): page.prefixes.append(prefix)
                case .key(_, let object): if let object { page.objects.append(object) }
                }
            }
            if items.count > query.limit { page.next = items[query.limit - 1].text }
            return page
        }
    }

    // MARK: Blocking; for the pool

    func place(_ location: ObjectLocation) throws(StorageError) -> (BucketFolder, ObjectPath) {
        (try BucketFolder(location.bucket, root: root), try ObjectPath(location.key))
    }

    static func missing(_ location: ObjectLocation) -> StorageError {
        StorageError(.noSuchObject, "The object \(location) does not exist.")
    }

    func opened(_ location: ObjectLocation) throws(StorageError) -> ObjectReader {
        let (bucket, key) = try place(location)
        let records = try RecordFolder(bucket)
        var seen: FileStatus?
        var foldersSeen = 0
        while true {
            guard let place = try bucket.existing(key),
                let file = try bucket.below(key.text, { try place.folder.reading(place.name) }),
                let status = file.status
            else { throw Self.missing(location) }
            guard status.isFile else {
                // A put beside this call may have made a folder of the object's name just now.
                foldersSeen += 1
                if status.isFolder, foldersSeen < 3 { continue }
                throw Self.missing(location)
            }
            let record = try records.record(of: key, status)
            // Without a record it was put there by hand, or was replaced just now.
            if record != nil || seen == status {
                let checked = CheckedFile(
                    file, size: status.size, blocks: record?.blocks, name: "The object \(location)")
                return ObjectReader(checked, Self.object(key, status, record), pool)
            }
            seen = status
        }
    }

    /// What is at a key now; nil when there is no object.
    func current(_ key: ObjectPath, in bucket: BucketFolder) throws(StorageError)
        -> CurrentObject?
    {
        guard let place = try bucket.existing(key) else { return nil }
        let records = try RecordFolder(bucket)
        if let found = try described(key, place, records) { return found }
        // A put beside this call may have made a folder of the object's name just now.
        guard place.status?.isFolder ?? false, let again = try bucket.existing(key) else {
            return nil
        }
        return try described(key, again, records)
    }

    /// As `current`. One damaged record does not hide all other objects: its own is listed like a
    /// file that was put there by hand, and who asks for it learns of the damage.
    private func listed(_ key: ObjectPath, _ place: ObjectPlace, _ records: RecordFolder)
        throws(StorageError) -> StoredObject?
    {
        do throws(StorageError) {
            return try described(key, place, records)?.object
        } catch {
            guard error.code == .damaged, let status = place.status else { throw error }
            return Self.object(key, status, nil)
        }
    }

    private func described(_ key: ObjectPath, _ place: ObjectPlace, _ records: RecordFolder)
        throws(StorageError) -> CurrentObject?
    {
        var seen: FileStatus?
        while let status = place.status, status.isFile {
            let record = try records.record(of: key, status)
            if record != nil || seen == status {
                return CurrentObject(
                    object: Self.object(key, status, record), uploadID: record?.uploadID)
            }
            seen = status
        }
        return nil
    }

    static func object(
        _ key: ObjectPath, _ status: FileStatus, _ record: AttributeRecord?
    ) -> StoredObject {
        let attributes =
            record?.attributes
            ?? ObjectAttributes(
                etag: etag(ofUnknown: status), headers: ContentTypes.headers(ofKey: key.text))
        return StoredObject(
            key: key.text, size: status.size, modified: status.modified, attributes: attributes)
    }

    /// Of a file that was put there by hand; its bytes are not read for it. The form is the one of
    /// ETags that are no MD5.
    private static func etag(ofUnknown status: FileStatus) -> String {
        let text = "\(status.modifiedNanoseconds)-\(status.size)-\(status.inode)"
        return Checksum.md5(Data(text.utf8)) + "-1"
    }
}

/// An object, and the multipart upload that it was made from.
struct CurrentObject {
    let object: StoredObject
    let uploadID: String?
}
