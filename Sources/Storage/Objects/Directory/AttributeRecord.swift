import Base
import FoundationEssentials
import Glibc

/// What is kept of an object beside its file.
struct AttributeRecord: Codable, Equatable {
    /// For people who look for it.
    var key: String
    var attributes: ObjectAttributes
    /// The multipart upload that the object was made from, so that completing it again, by a
    /// client that did not get the answer, finds the object.
    var uploadID: String?

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

    /// Nil when there is no such file or it is none of ours.
    static func read<Record: Decodable>(_ path: String, as: Record.Type) throws(StorageError)
        -> Record?
    {
        let found = try onDisk {
            try OpenFile.contents(path, bytesMax: DirectoryLimits.recordBytesMax)
        }
        guard let bytes = found else { return nil }
        return try? JSONDecoder().decode(Record.self, from: bytes)
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
    let path: String

    static func name(_ key: ObjectPath, _ status: FileStatus) -> String {
        "\(key.hash)-\(status.modifiedNanoseconds)-\(status.size).json"
    }

    private func folder(_ name: String) -> String { "\(path)/\(name.prefix(2))" }

    /// Nil for a file that was put there by hand.
    func record(_ name: String) throws(StorageError) -> AttributeRecord? {
        try JSONRecord.read("\(folder(name))/\(name)", as: AttributeRecord.self)
    }

    /// Makes a record that lasts.
    ///
    /// - Returns: false when there is one of that name.
    func make(_ name: String, _ bytes: Data) throws(StorageError) -> Bool {
        try onDisk {
            for folder in [path, folder(name)] where try DurableFile.makeFolder(folder) {
                DurableFile.syncDirectory(parent(of: folder))
            }
            guard try DurableFile.make("\(folder(name))/\(name)", bytes) else { return false }
            DurableFile.syncDirectory(folder(name))
            return true
        }
    }

    func remove(_ name: String) { unlink("\(folder(name))/\(name)") }

    /// Records of a key, whether or not they belong to a file.
    func names(_ key: ObjectPath) -> [String] {
        let hash = key.hash
        return FolderEntries.names(in: "\(path)/\(hash.prefix(2))", beginningWith: hash)
    }

    private func parent(of folder: String) -> String {
        folder == path ? "\(path)/.." : path
    }
}
