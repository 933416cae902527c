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

    /// - Throws: `tooLarge`.
    func encoded() throws(StorageError) -> Data {
        try JSONRecord.encoded(self, what: "the attributes of \(key.prefix(80))")
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
    func record(_ name: String) throws(StorageError) -> AttributeRecord? {
        guard let folder = try folder(name) else { return nil }
        return try bucket.record(name, in: folder, as: AttributeRecord.self)
    }

    /// Makes a record that lasts.
    ///
    /// - Returns: false when there is one of that name.
    func make(_ name: String, _ bytes: Data) throws(StorageError) -> Bool {
        let all =
            if let opened {
                opened
            } else {
                try bucket.made(BucketFolder.recordsName, isDurable: true)
            }
        let folder = try bucket.made(String(name.prefix(2)), in: all, isDurable: true)
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
