import Base
import FoundationEssentials
import Glibc
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
    var path: String { "\(bucket.uploads)/\(id)" }

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
        let draft = "\(bucket.temporary)/\(id)"
        for folder in [bucket.temporary, draft, bucket.uploads] {
            _ = try onDisk { try DurableFile.makeFolder(folder) }
        }
        let record = "\(draft)/\(uploadName)"
        guard try onDisk({ try DurableFile.make(record, bytes) }) else { throw missing(id) }
        DurableFile.syncDirectory(draft)
        guard rename(draft, "\(bucket.uploads)/\(id)") == 0 else {
            throw StorageError(FileError("make", "\(bucket.uploads)/\(id)"))
        }
        DurableFile.syncDirectory(bucket.uploads)
        DurableFile.syncDirectory(bucket.path)
        return id
    }

    /// All uploads of a bucket, by key, then by time.
    static func all(in bucket: BucketFolder) throws(StorageError) -> [MultipartSummary] {
        var found: [(upload: Upload, id: String)] = []
        for id in FolderEntries.names(in: bucket.uploads, beginningWith: "") {
            guard let folder = try? UploadFolder(id, in: bucket),
                let upload = try folder.upload()
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

    /// Removes uploads to which nothing came for `DirectoryLimits.uploadIdleSecondsMax`.
    ///
    /// - Parameter now: nanoseconds since 1970.
    /// - Returns: how many are left.
    static func removeIdle(in bucket: BucketFolder, now: Int) -> Int {
        var left = 0
        for id in FolderEntries.names(in: bucket.uploads, beginningWith: "") {
            guard let folder = try? UploadFolder(id, in: bucket) else { continue }
            // Every part that comes changes the folder.
            let changed = FileStatus(at: folder.path)?.modifiedNanoseconds ?? now
            if (now - changed) / 1_000_000_000 > DirectoryLimits.uploadIdleSecondsMax {
                folder.remove()
            } else {
                left += 1
            }
        }
        return left
    }

    private func upload() throws(StorageError) -> Upload? {
        try JSONRecord.read("\(path)/\(Self.uploadName)", as: Upload.self)
    }

    /// - Throws: `noSuchUpload`, also when it is another key's.
    func upload(of key: ObjectPath) throws(StorageError) -> Upload {
        guard let upload = try upload(), upload.key.utf8.elementsEqual(key.text.utf8) else {
            throw Self.missing(id)
        }
        return upload
    }

    private func recordPath(_ number: Int) -> String { "\(path)/\(number).json" }

    /// Nil when there is no such part.
    func part(_ number: Int) throws(StorageError) -> Part? {
        try JSONRecord.read(recordPath(number), as: Part.self)
    }

    /// Numbers of the parts that there are, ascending.
    func partNumbers() -> [Int] {
        FolderEntries.names(in: path, beginningWith: "").compactMap { name in
            name.hasSuffix(".json") ? Int(name.dropLast(5)) : nil
        }.filter(Self.numbers.contains).sorted()
    }

    /// Takes a file of bytes in. The caller holds the store's lock, and synced the file.
    ///
    /// - Parameter record: a file with the JSON of the part's record, synced too.
    func take(_ part: Part, number: Int, bytes: TemporaryFile, record: String)
        throws(StorageError)
    {
        let old = try self.part(number)
        for (source, target) in [
            (bytes.file.path, "\(path)/\(part.file)"), (record, recordPath(number)),
        ] where rename(source, target) != 0 {
            let failure = FileError("write", target)
            if failure.code == .noSuchFileOrDirectory { throw Self.missing(id) }
            throw StorageError(failure)
        }
        if let old { unlink("\(path)/\(old.file)") }
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
        var parts: [Part] = []
        for reference in references {
            guard Self.numbers.contains(reference.number),
                let part = try part(reference.number), part.etag == reference.etag
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

    /// The bytes of a part.
    ///
    /// - Throws: `noSuchUpload` when the upload ended meanwhile, `invalidPart` when the part was
    ///   uploaded again meanwhile.
    func opened(_ part: Part) throws(StorageError) -> OpenFile {
        let path = "\(path)/\(part.file)"
        if let file = try onDisk({ try OpenFile.reading(path) }) { return file }
        guard try upload() != nil else { throw Self.missing(id) }
        throw StorageError(
            .invalidPart, "The part with the ETag '\(part.etag)' was uploaded again meanwhile.")
    }

    /// MD5 of the MD5s, and how many.
    static func etag(of parts: [Part]) -> String {
        MultipartETag.of(parts.map { Hex.decode(lowerCase: $0.etag) ?? [] })
    }

    /// Removes the upload; it is gone at once.
    func remove() {
        let going = "\(bucket.temporary)/\(Hex.random())"
        mkdir(bucket.temporary, 0o755)
        guard rename(path, going) == 0 else { return }
        DurableFile.syncDirectory(bucket.uploads)
        try? FileManager.default.removeItem(atPath: going)
    }
}
