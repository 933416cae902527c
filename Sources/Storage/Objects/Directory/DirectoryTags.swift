import Base
import FoundationEssentials
import Synchronization

/// The tags of objects, which change while the objects stay.
extension DirectoryStore {
    /// Each try fails only when the object was replaced during it.
    private static let tagTriesMax = 10

    /// Gives an object other tags, durably. Its bytes, its time and what else is kept with it stay.
    ///
    /// - Parameter tags: nil for none.
    /// - Throws: `noSuchObject`, `noSuchBucket`, `invalidName`, `tooLarge`; `damaged` for an object
    ///   whose attributes are not as they were written; `unavailable` for one that is replaced all
    ///   the time.
    package func setTags(_ tags: [ObjectTag]?, of location: ObjectLocation) async throws {
        try await run {
            let (bucket, key) = try self.place(location)
            let records = try RecordFolder(bucket)
            for _ in 0..<Self.tagTriesMax {
                guard let status = try bucket.existing(key)?.status, status.isFile else {
                    throw Self.missing(location)
                }
                var record =
                    try records.record(of: key, status)
                    ?? AttributeRecord(
                        key: key.text, attributes: Self.object(key, status, nil).attributes)
                record.attributes.tags = tags
                if try self.replace(record, of: key, status, in: bucket, records) { return }
            }
            throw StorageError(.unavailable, "The object \(location) is replaced all the time.")
        }
    }

    /// - Returns: false when the object is no longer the one with that status.
    private func replace(
        _ record: AttributeRecord, of key: ObjectPath, _ status: FileStatus,
        in bucket: BucketFolder, _ records: RecordFolder
    ) throws -> Bool {
        var file = try TemporaryFile(in: bucket, hashing: false)
        defer { file.discard() }
        try file.append(try record.encoded())
        try file.sync()
        let finished = file
        let name = RecordFolder.name(key, status)
        let folder = try records.made(name)
        let isReplaced = try state.withLock { _ in
            guard try bucket.existing(key)?.status == status else { return false }
            try bucket.below(name) { try finished.move(to: folder, as: name) }
            return true
        }
        folder.sync()
        return isReplaced
    }
}
