import Base
package import FoundationEssentials
import Synchronization

extension DirectoryStore {
    /// Begins a multipart upload, which outlives a restart. Those of the bucket that were left
    /// behind go.
    ///
    /// - Returns: its ID.
    /// - Throws: `noSuchBucket`, `invalidName`, `tooLarge` for too many attributes or when
    ///   the bucket has `DirectoryLimits.uploadsMax` uploads.
    package func createMultipartUpload(_ location: ObjectLocation, _ draft: MultipartDraft)
        async throws -> String
    {
        try await run {
            let (bucket, key) = try self.place(location)
            _ = try bucket.place(key)
            let now = self.nextStamp()
            guard self.removeIdleUploads(of: bucket, now: now) < DirectoryLimits.uploadsMax else {
                throw StorageError(
                    .tooLarge,
                    "The bucket \(bucket.name) has \(DirectoryLimits.uploadsMax) multipart uploads "
                        + "that are neither completed nor aborted, the most that are allowed. "
                        + "ListMultipartUploads names them.")
            }
            let upload = UploadFolder.Upload(
                key: key.text, initiatedNanoseconds: now, draft: draft)
            return try UploadFolder.make(upload, in: bucket)
        }
    }

    /// - Throws: `noSuchUpload`, also when it is another key's; `noSuchBucket`.
    package func multipartUpload(_ location: ObjectLocation, uploadID: String) async throws
        -> MultipartDraft
    {
        try await run { try self.upload(uploadID, of: location).upload.draft }
    }

    /// Multipart uploads that are neither completed nor aborted, by key, then by time.
    ///
    /// - Throws: `noSuchBucket`.
    package func multipartUploads(_ bucket: String, prefix: String = "") async throws
        -> [MultipartSummary]
    {
        try await run {
            try UploadFolder.all(in: BucketFolder(bucket, root: self.root))
                .filter { $0.key.utf8.starts(with: prefix.utf8) }
        }
    }

    /// Begins the writing of a part. When it is finished it takes the place of one of its number.
    ///
    /// - Parameter number: 1 to 10,000.
    /// - Throws: `noSuchUpload`, `invalidPart` for a number out of range, `noSuchBucket`.
    package func beginPart(_ location: ObjectLocation, uploadID: String, number: Int) async throws
        -> ObjectUpload
    {
        try await run {
            try UploadFolder.check(number: number)
            let folder = try self.upload(uploadID, of: location).folder
            let file = try TemporaryFile(in: folder.bucket)
            return ObjectUpload(
                self, file, location, part: .init(uploadID: uploadID, number: number))
        }
    }

    /// Parts with numbers above `after`, ascending.
    ///
    /// - Throws: `noSuchUpload`, `noSuchBucket`.
    package func parts(
        _ location: ObjectLocation, uploadID: String, after: Int = 0,
        limit: Int = DirectoryLimits.partsMax
    ) async throws -> [PartSummary] {
        try await run {
            try self.upload(uploadID, of: location).folder.parts(after: after, limit: limit)
        }
    }

    /// Joins parts into the object. Killed anywhere, it leaves the old object or the new one.
    ///
    /// To complete an upload again whose object is still the one at the key gives that object, for
    /// clients that did not get the answer; nothing else is checked then.
    ///
    /// - Parameters:
    ///   - onBytes: is shown the joined bytes in order, on a thread that may block.
    ///   - checksums: called once after that, before the object appears; what it throws ends the
    ///     completion, but not the upload.
    /// - Throws: `noSuchUpload`, `invalidPartOrder`, `invalidPart`, `entityTooSmall`,
    ///   `preconditionFailed` and `noSuchObject` when the condition does not hold, `invalidName`
    ///   when a folder or an object is in the way, `noSuchBucket`; the upload goes on then.
    package func completeMultipartUpload(
        _ location: ObjectLocation, uploadID: String, parts references: [PartReference],
        condition: WriteCondition = .none, onBytes: (@Sendable (Data) throws -> Void)? = nil,
        checksums: @escaping @Sendable ([PartSummary]) throws -> ObjectChecksums = { _ in
            ObjectChecksums()
        }
    ) async throws -> StoredObject {
        do {
            let joining = try await run {
                let (folder, upload) = try self.upload(uploadID, of: location)
                let parts = try folder.parts(references)
                return Joining(
                    folder: folder, draft: upload.draft, parts: parts,
                    file: try TemporaryFile(in: folder.bucket, hashing: false))
            }
            return try await complete(joining, location, references, condition, onBytes, checksums)
        } catch let error as StorageError where error.code == .noSuchUpload {
            // Perhaps completed already, perhaps just now by a call beside this one.
            let made = try await run {
                let (bucket, key) = try self.place(location)
                return try self.current(key, in: bucket)
            }
            guard let made, made.uploadID == uploadID else { throw error }
            return made.object
        }
    }

    private struct Joining: Sendable {
        let folder: UploadFolder
        let draft: MultipartDraft
        let parts: [UploadFolder.Part]
        var file: TemporaryFile
    }

    private func complete(
        _ joining: Joining, _ location: ObjectLocation, _ references: [PartReference],
        _ condition: WriteCondition, _ onBytes: (@Sendable (Data) throws -> Void)?,
        _ checksums: @escaping @Sendable ([PartSummary]) throws -> ObjectChecksums
    ) async throws -> StoredObject {
        let folder = joining.folder
        let parts = joining.parts
        var file = joining.file
        do {
            // A job a part, so that others get their turn on the pool.
            for part in parts {
                try Task.checkCancellation()
                let before = file
                file = try await run {
                    var file = before
                    let source = try folder.opened(part)
                    try file.append(contentsOf: source, onBytes: onBytes)
                    return file
                }
            }
        } catch {
            try await run { joining.file.discard() }
            throw error
        }
        let joined = file
        return try await run {
            defer { joined.discard() }
            let summaries = zip(references, parts).map { $1.summary(number: $0.number) }
            let whole = try checksums(summaries)
            let attributes = ObjectAttributes(
                etag: UploadFolder.etag(of: parts), headers: joining.draft.headers,
                userMetadata: joining.draft.userMetadata, checksums: whole.values,
                checksumType: whole.type, storageClass: joining.draft.storageClass,
                parts: summaries.map {
                    ObjectPart(
                        number: $0.number, size: $0.size,
                        checksums: $0.checksums.isEmpty ? nil : $0.checksums)
                }, tags: joining.draft.tags)
            let object = try self.commit(
                joined, attributes, at: location, condition: condition, uploadID: folder.id)
            self.remove(folder)
            return object
        }
    }

    /// Ends a multipart upload and removes its parts.
    ///
    /// - Throws: `noSuchUpload`, `noSuchBucket`.
    package func abortMultipartUpload(_ location: ObjectLocation, uploadID: String) async throws {
        try await run { self.remove(try self.upload(uploadID, of: location).folder) }
    }

    // MARK: Blocking; for the pool

    private func upload(_ id: String, of location: ObjectLocation) throws(StorageError)
        -> (folder: UploadFolder, upload: UploadFolder.Upload)
    {
        let (bucket, key) = try place(location)
        let folder = try UploadFolder(id, in: bucket)
        return (folder, try folder.upload(of: key))
    }

    /// Ends a multipart upload at once, and removes what is in it.
    private func remove(_ folder: UploadFolder) {
        let going = state.withLock { _ in folder.takeAway() }
        going?.folder.removeAll(going?.name ?? "")
    }

    /// - Returns: how many are left.
    func removeIdleUploads(of bucket: BucketFolder, now: Int) -> Int {
        let (idle, others) = UploadFolder.idle(in: bucket, now: now)
        for folder in idle { remove(folder) }
        return others
    }

    /// Makes a finished file the part of a multipart upload, durably.
    func commit(
        _ file: TemporaryFile, _ attributes: ObjectAttributes, as part: ObjectUpload.Part,
        of location: ObjectLocation
    ) throws(StorageError) -> StoredObject {
        let folder = try upload(part.uploadID, of: location).folder
        let status = try file.stamp(nanoseconds: nextStamp())
        try file.sync()
        let made = UploadFolder.Part(
            file: "\(part.number)-\(Hex.random()).part", size: status.size,
            modifiedNanoseconds: status.modifiedNanoseconds, etag: attributes.etag,
            checksums: attributes.checksums, blocks: file.blocks)
        var record = try TemporaryFile(in: folder.bucket, hashing: false)
        defer { record.discard() }
        try record.append(try JSONRecord.encoded(made, what: "part \(part.number)"))
        try record.sync()
        let finished = record
        let result = state.withLock { _ in
            Result { () throws(StorageError) in
                try folder.take(made, number: part.number, bytes: file, record: finished)
            }
        }
        try result.get().sync()
        return StoredObject(
            key: location.key, size: status.size, modified: status.modified, attributes: attributes)
    }
}
