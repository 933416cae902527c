import Base
import FoundationEssentials

/// What is kept of an object beside its file.
struct AttributeRecord: Codable, Equatable {
    /// For people who look for it.
    var key: String
    var attributes: ObjectAttributes
    /// The multipart upload that the object was made from, so that completing it again, by a
    /// client that did not get the answer, finds the object.
    var uploadID: String?
    /// nil in records that were made before there were checksums of blocks.
    var blocks: BlockChecksums?
    /// The SHA-256, in hexadecimal, of the record's bytes with zeros in this place; nil in records
    /// that were made before there was one. No name of a header or of metadata has capitals, and
    /// tags are no members, so that nothing else in the record looks like it.
    var recordSHA256: String?
}

extension AttributeRecord {
    private static let unsealed = String(repeating: "0", count: 64)
    private static let member = Data("\"recordSHA256\":\"".utf8)

    /// With its checksum.
    ///
    /// - Throws: `tooLarge`.
    func encoded() throws(StorageError) -> Data {
        var record = self
        record.recordSHA256 = Self.unsealed
        var bytes = try JSONRecord.encoded(record, what: "the attributes of \(key.prefix(80))")
        if let place = Self.seal(in: bytes) {
            bytes.replaceSubrange(place, with: Data(Checksum.sha256(bytes).utf8))
        }
        return bytes
    }

    /// Nil for bytes that are not a record, or not as they were written.
    init?(reading bytes: Data) {
        guard let record = try? JSONDecoder().decode(Self.self, from: bytes) else { return nil }
        if let sum = record.recordSHA256 {
            var unsealed = bytes
            guard let place = Self.seal(in: bytes) else { return nil }
            unsealed.replaceSubrange(place, with: Data(Self.unsealed.utf8))
            guard Checksum.sha256(unsealed) == sum else { return nil }
        }
        self = record
    }

    /// Where the checksum's digits are.
    private static func seal(in bytes: Data) -> Range<Data.Index>? {
        guard let name = bytes.firstRange(of: member),
            bytes.distance(from: name.upperBound, to: bytes.endIndex) > unsealed.count
        else { return nil }
        return name.upperBound..<(name.upperBound + unsealed.count)
    }
}

/// JSON files of a bounded size.
enum JSONRecord {
    static func encoded(_ record: some Encodable, what: String) throws(StorageError) -> Data {
        let bytes: Data
        do {
            bytes = try JSONCoding.encode(record)
        } catch {
            throw StorageError(.unavailable, "Could not encode \(what): \(error)")
        }
        guard bytes.count <= DirectoryLimits.recordBytesMax else {
            throw StorageError(
                .tooLarge,
                "Could not keep \(what): \(bytes.count) bytes of JSON; at most "
                    + "\(DirectoryLimits.recordBytesMax) are allowed.")
        }
        return bytes
    }
}

/// The folder of all records of a bucket.
///
/// An object and its attributes must change together, yet an object is a plain file. So the file
/// that is seen determines its record: `HH/HASH-MODIFIED-SIZE.json`, where HASH is the SHA-256 of
/// the key, HH its beginning and MODIFIED in nanoseconds. The record is made before the file gets
/// its name, and removed after the file has lost it. A record that belongs to no file harms
/// nobody and goes when its key is next written or deleted.
struct RecordFolder: Sendable {
    private let bucket: BucketFolder
    /// Nil when there was none.
    private let opened: OpenFolder?

    /// - Throws: `invalidName` when it is a link.
    init(_ bucket: BucketFolder) throws(StorageError) {
        self.bucket = bucket
        opened = try bucket.ours(BucketFolder.recordsName)
    }

    static func name(_ key: ObjectPath, _ status: FileStatus) -> String {
        "\(key.hash)-\(status.modifiedNanoseconds)-\(status.size).json"
    }

    /// Its path below the bucket.
    static func path(_ name: String) -> String {
        "\(BucketFolder.recordsName)/\(name.prefix(2))/\(name)"
    }

    /// The folder of a record of that name; nil when there is none.
    func folder(_ name: String) throws(StorageError) -> OpenFolder? {
        var all = opened
        if all == nil { all = try bucket.ours(BucketFolder.recordsName) }
        guard let all else { return nil }
        let part = String(name.prefix(2))
        return try bucket.below(part) { try all.folder(part) }
    }

    /// Nil for a file that was put there by hand.
    ///
    /// - Throws: `damaged` that names the record: without it the file would be taken for one that
    ///   was put there by hand, and lose its content type and metadata in silence.
    func record(of key: ObjectPath, _ status: FileStatus) throws(StorageError) -> AttributeRecord? {
        let name = Self.name(key, status)
        guard let folder = try folder(name),
            let bytes = try bucket.bytes(name, in: folder)
        else { return nil }
        guard let record = AttributeRecord(reading: bytes) else {
            throw StorageError(
                .damaged,
                "What was kept with the object \(bucket.name)/\(key.text) is damaged: "
                    + "\(Self.path(name)) is not as it was written. Put the object again, or restore "
                    + "it from a backup.")
        }
        return record
    }

    /// The folder of a record of that name, which is made where it is missing.
    func made(_ name: String) throws(StorageError) -> OpenFolder {
        let all =
            if let opened {
                opened
            } else {
                try bucket.made(BucketFolder.recordsName, isDurable: true)
            }
        return try bucket.made(String(name.prefix(2)), in: all, isDurable: true)
    }

    /// Makes a record that lasts.
    ///
    /// - Returns: false when there is one of that name.
    func make(_ name: String, _ bytes: Data) throws(StorageError) -> Bool {
        let folder = try made(name)
        guard try bucket.below(name, { try folder.make(name, bytes) }) else { return false }
        folder.sync()
        return true
    }

    func remove(_ name: String) { try? folder(name)?.remove(name) }

    /// Records of a key, whether or not they belong to a file.
    func names(_ key: ObjectPath) -> [String] {
        let hash = key.hash
        return (try? folder(hash))?.names(beginningWith: hash) ?? []
    }
}
