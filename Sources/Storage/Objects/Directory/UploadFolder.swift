import Base
import FoundationEssentials
import SystemPackage

/// One multipart upload on the disk, `.spotter-uploads/ID/`:
///
/// | file | what |
/// | --- | --- |
/// | `upload.json` | whose it is |
/// | `NUMBER.json` | a part's record, written last, which names the file of its bytes |
/// | `NUMBER-RANDOM.part` | bytes of a part |
///
/// So uploading a part again replaces it in one step, and a file that no record names is none.
struct UploadFolder {
    struct Upload: Codable {
        let key: String
        /// Since 1970.
        let initiatedNanoseconds: Int
        let draft: MultipartDraft

        var initiated: Date { Date(timeIntervalSince1970: Double(initiatedNanoseconds) / 1e9) }
    }

    struct Part: Codable {
        /// Name of the file of bytes.
        let file: String
        let size: Int
        /// Since 1970.
        let modifiedNanoseconds: Int
        let etag: String
        let checksums: [String: String]
        /// nil in records that were made before there were checksums of blocks.
        let blocks: BlockChecksums?

        /// Whether it can be one that Spotter wrote: people may change what is in a bucket.
        var isSound: Bool {
            OpenFolder.isName(file) && file.hasSuffix(".part") && size >= 0
                && Hex.decode(lowerCase: etag)?.count == 16
        }

        func summary(number: Int) -> PartSummary {
            PartSummary(
                number: number, size: size,
                modified: Date(timeIntervalSince1970: Double(modifiedNanoseconds) / 1e9),
                etag: etag, checksums: checksums)
        }
    }

    static let uploadName = "upload.json"
    static let numbers = 1...DirectoryLimits.partsMax

    let bucket: BucketFolder
    let id: String

    /// - Throws: `noSuchUpload` for what cannot be an ID; it is never taken for a path.
    init(_ id: String, in bucket: BucketFolder) throws(StorageError) {
        guard Hex.decode(lowerCase: id)?.count == 16 else { throw Self.missing(id) }
        self.bucket = bucket
        self.id = id
    }

    static func missing(_ id: String) -> StorageError {
        StorageError(.noSuchUpload, "The multipart upload '\(id.prefix(80))' does not exist.")
    }

    /// - Throws: `invalidPart`.
    static func check(number: Int) throws(StorageError) {
        guard numbers.contains(number) else {
            throw StorageError(
                .invalidPart, "A part's number is from 1 to \(numbers.upperBound), not \(number).")
        }
    }

    /// Begins an upload; it is there whole or not at all.
    static func make(_ upload: Upload, in bucket: BucketFolder) throws(StorageError) -> String {
        let id = Hex.random()
        let bytes = try JSONRecord.encoded(
            upload, what: "the attributes of \(upload.key.prefix(80))")
        let temporary = try bucket.made(BucketFolder.temporaryName)
        do throws(StorageError) {
            let draft = try bucket.made(id, in: temporary)
            guard try bucket.below(id, { try draft.make(uploadName, bytes) }) else {
                throw missing(id)
            }
            draft.sync()
            let uploads = try bucket.made(BucketFolder.uploadsName)
            try bucket.below(id) { try temporary.move(id, to: uploads, as: id) }
            uploads.sync()
            bucket.folder.sync()
        } catch {
            temporary.removeAll(id)
            throw error
        }
        return id
    }

    /// All uploads of a bucket, by key, then by time.
    static func all(in bucket: BucketFolder) throws(StorageError) -> [MultipartSummary] {
        var found: [(upload: Upload, id: String)] = []
        for id in try bucket.ours(BucketFolder.uploadsName)?.names() ?? [] {
            guard let folder = try? UploadFolder(id, in: bucket),
                let upload = try folder.upload(), ObjectPath.isListable(upload.key)
            else { continue }
            found.append((upload, id))
        }
        found.sort {
            $0.upload.key.utf8.elementsEqual($1.upload.key.utf8)
                ? ($0.upload.initiatedNanoseconds, $0.id) < ($1.upload.initiatedNanoseconds, $1.id)
                : $0.upload.key.utf8.lexicographicallyPrecedes($1.upload.key.utf8)
        }
        return found.map {
            MultipartSummary(
                key: $0.upload.key, uploadID: $0.id, initiated: $0.upload.initiated,
                draft: $0.upload.draft)
        }
    }

    /// The uploads of a bucket to which nothing came for `DirectoryLimits.uploadIdleSecondsMax`.
    ///
    /// - Parameter now: nanoseconds since 1970.
    /// - Returns: those, and how many others there are.
    static func idle(in bucket: BucketFolder, now: Int) -> (idle: [UploadFolder], others: Int) {
        guard let uploads = try? bucket.ours(BucketFolder.uploadsName) else { return ([], 0) }
        let earliest = now - DirectoryLimits.uploadIdleSecondsMax * 1_000_000_000
        let all = uploads.names().compactMap { try? UploadFolder($0, in: bucket) }
        // Every part that comes changes the folder.
        let idle = all.filter { uploads.status($0.id)?.modifiedNanoseconds ?? now < earliest }
        return (idle, all.count - idle.count)
    }

    /// Nil when it is over; also for a link that is there in its place.
    private func found() throws(StorageError) -> OpenFolder? {
        guard let uploads = try bucket.ours(BucketFolder.uploadsName),
            uploads.status(id)?.isFolder ?? false
        else { return nil }
        return try bucket.below(id) { try uploads.folder(id) }
    }

    private func opened() throws(StorageError) -> OpenFolder {
        guard let folder = try found() else { throw Self.missing(id) }
        return folder
    }

    private func upload() throws(StorageError) -> Upload? {
        guard let folder = try found() else { return nil }
        return try bucket.record(Self.uploadName, in: folder, as: Upload.self)
    }

    /// - Throws: `noSuchUpload`, also when it is another key's.
    func upload(of key: ObjectPath) throws(StorageError) -> Upload {
        guard let upload = try upload(), upload.key.utf8.elementsEqual(key.text.utf8) else {
            throw Self.missing(id)
        }
        return upload
    }

    /// Nil when there is no such part.
    func part(_ number: Int) throws(StorageError) -> Part? { try part(number, in: try opened()) }

    private func part(_ number: Int, in folder: OpenFolder) throws(StorageError) -> Part? {
        let part = try bucket.record("\(number).json", in: folder, as: Part.self)
        return part?.isSound ?? false ? part : nil
    }

    /// Parts with numbers above `after`, ascending; at most `limit`.
    func parts(after: Int, limit: Int) throws(StorageError) -> [PartSummary] {
        let folder = try opened()
        let numbers = folder.names().compactMap { name in
            name.hasSuffix(".json") ? Int(name.dropLast(5)) : nil
        }.filter { Self.numbers.contains($0) && $0 > after }.sorted()
        var found: [PartSummary] = []
        for number in numbers where found.count < limit {
            if let part = try part(number, in: folder) {
                found.append(part.summary(number: number))
            }
        }
        return found
    }

    /// Takes a file of bytes in. The caller holds the store's lock, and synced both files.
    ///
    /// - Parameter record: the JSON of the part's record.
    /// - Returns: the folder that changed.
    func take(_ part: Part, number: Int, bytes: TemporaryFile, record: TemporaryFile)
        throws(StorageError) -> OpenFolder
    {
        let folder = try opened()
        let old = try self.part(number, in: folder)
        do throws(FileError) {
            try bytes.move(to: folder, as: part.file)
            try record.move(to: folder, as: "\(number).json")
        } catch {
            if error.code == .noSuchFileOrDirectory { throw Self.missing(id) }
            throw bucket.failure(error, part.file)
        }
        if let old { try? folder.remove(old.file) }
        return folder
    }

    /// The parts that are to be joined.
    ///
    /// - Throws: `invalidPartOrder`, `invalidPart`, `entityTooSmall`.
    func parts(_ references: [PartReference]) throws(StorageError) -> [Part] {
        guard !references.isEmpty else {
            throw StorageError(.invalidPart, "An object is made of at least one part.")
        }
        guard zip(references, references.dropFirst()).allSatisfy({ $0.number < $1.number }) else {
            throw StorageError(
                .invalidPartOrder, "The parts must be in ascending order of their numbers.")
        }
        let folder = try opened()
        var parts: [Part] = []
        for reference in references {
            guard Self.numbers.contains(reference.number),
                let part = try part(reference.number, in: folder), part.etag == reference.etag
            else {
                throw StorageError(
                    .invalidPart,
                    "Part \(reference.number) was not uploaded, or not with the ETag "
                        + "'\(reference.etag.prefix(80))'.")
            }
            parts.append(part)
        }
        if let index = parts.dropLast().firstIndex(where: {
            $0.size < DirectoryLimits.partBytesMin
        }) {
            throw StorageError(
                .entityTooSmall,
                "Part \(references[index].number) has \(parts[index].size) bytes; all but the last "
                    + "must have at least \(DirectoryLimits.partBytesMin).")
        }
        return parts
    }

    /// The bytes of a part, which are checked as they are read.
    ///
    /// - Throws: `noSuchUpload` when the upload ended meanwhile, `invalidPart` when the part was
    ///   uploaded again meanwhile.
    func opened(_ part: Part) throws(StorageError) -> CheckedFile {
        let folder = try opened()
        if let file = try bucket.below(part.file, { try folder.reading(part.file) }),
            let status = file.status, status.isFile, status.size == part.size
        {
            return CheckedFile(
                file, size: part.size, blocks: part.blocks,
                name: "The part with the ETag '\(part.etag)'")
        }
        guard try upload() != nil else { throw Self.missing(id) }
        throw StorageError(
            .invalidPart, "The part with the ETag '\(part.etag)' was uploaded again meanwhile.")
    }

    /// MD5 of the MD5s, and how many.
    static func etag(of parts: [Part]) -> String {
        MultipartETag.of(parts.map { Hex.decode(lowerCase: $0.etag) ?? [] })
    }

    /// Takes the upload from its place; it is over then. The caller holds the store's lock, so that
    /// no part comes into it afterwards.
    ///
    /// - Returns: where it is now, to be removed; nil when it was over.
    func takeAway() -> ObjectPlace? {
        guard let uploads = try? bucket.ours(BucketFolder.uploadsName),
            let temporary = try? bucket.made(BucketFolder.temporaryName)
        else { return nil }
        let going = Hex.random()
        guard (try? uploads.move(id, to: temporary, as: going)) != nil else { return nil }
        uploads.sync()
        return ObjectPlace(folders: [temporary], name: going)
    }
}
