import Base
import FoundationEssentials
import Glibc
import Synchronization
import SystemPackage

/// The moment at which an object appears. Blocking; for the pool.
extension DirectoryStore {
    /// Gives a finished file its name, and its attributes with it. The file stays open.
    ///
    /// A crash before the rename leaves the old object, one after it the new one: the new record is
    /// on the disk before, and the old record goes only when the rename is on the disk too.
    ///
    /// - Parameter uploadID: the multipart upload that it was made from.
    /// - Throws: `preconditionFailed`, `noSuchObject` (see `WriteCondition`), `invalidName` when a
    ///   folder or an object is in the way, `noSuchBucket` when it was deleted meanwhile.
    func commit(
        _ file: TemporaryFile, _ attributes: ObjectAttributes, at location: ObjectLocation,
        condition: WriteCondition = .none, uploadID: String? = nil
    ) throws(StorageError) -> StoredObject {
        let (bucket, key) = try place(location)
        let record = AttributeRecord(
            key: key.text, attributes: attributes, uploadID: uploadID, blocks: file.blocks)
        let records = try RecordFolder(bucket)
        let (status, recordName) = try keep(record, of: file, key, in: bucket, records)
        let changed: [OpenFolder]
        do throws(StorageError) {
            try file.sync()
            changed = try appear(file, as: key, in: bucket, location, condition, recordName)
        } catch {
            records.remove(recordName)
            state.withLock { _ = $0.pendingRecords.remove(recordName) }
            throw error
        }
        for folder in changed { folder.sync() }
        sweepRecords(key, in: bucket)
        return StoredObject(
            key: key.text, size: status.size, modified: status.modified, attributes: attributes)
    }

    /// Stamps the file with a time that no other of this size and key has, and makes its record.
    private func keep(
        _ record: AttributeRecord, of file: TemporaryFile, _ key: ObjectPath,
        in bucket: BucketFolder, _ records: RecordFolder
    ) throws(StorageError) -> (FileStatus, name: String) {
        let bytes = try record.encoded()
        // Some file systems keep no nanoseconds, so that a name may be taken: ever larger steps.
        for step in [1, 1_000, 1_000_000, 1_000_000_000, 2_000_000_000, 2_000_000_000] {
            let status = try file.stamp(nanoseconds: nextStamp(step: step))
            let name = RecordFolder.name(key, status)
            let isFree = state.withLock { $0.pendingRecords.insert(name).inserted }
            guard isFree else { continue }
            do throws(StorageError) {
                if try records.make(name, bytes) { return (status, name) }
            } catch {
                state.withLock { _ = $0.pendingRecords.remove(name) }
                throw error
            }
            state.withLock { _ = $0.pendingRecords.remove(name) }
        }
        throw StorageError(
            .unavailable,
            "The file system of \(bucket.folder.path) cannot tell times of files apart.")
    }

    func nextStamp(step: Int = 1) -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = time.tv_sec * 1_000_000_000 + time.tv_nsec
        return state.withLock { state in
            state.stampNanoseconds = max(now, state.stampNanoseconds + step)
            return state.stampNanoseconds
        }
    }

    /// - Returns: folders whose change is to be synced.
    private func appear(
        _ file: TemporaryFile, as key: ObjectPath, in bucket: BucketFolder,
        _ location: ObjectLocation, _ condition: WriteCondition, _ recordName: String
    ) throws(StorageError) -> [OpenFolder] {
        let result = state.withLock { state in
            Result { () throws(StorageError) in
                if condition != .none {
                    try condition.check(try current(key, in: bucket)?.object, location)
                }
                let (place, changed) = try bucket.makePlace(key)
                try bucket.below(key.text) { try file.move(to: place.folder, as: place.name) }
                state.pendingRecords.remove(recordName)
                return changed + [place.folder]
            }
        }
        return try result.get()
    }

    /// Removes the records of a key that belong to no file: the one of the object before, and
    /// what a crash or a removal by hand left.
    func sweepRecords(_ key: ObjectPath, in bucket: BucketFolder) {
        guard let records = try? RecordFolder(bucket) else { return }
        let names = records.names(key)
        guard !names.isEmpty else { return }
        state.withLock { state in
            let status = (try? bucket.existing(key))?.status
            let current = status.map { RecordFolder.name(key, $0) }
            for name in names where name != current && !state.pendingRecords.contains(name) {
                records.remove(name)
            }
        }
    }
}
