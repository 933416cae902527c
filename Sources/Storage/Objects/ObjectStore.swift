package import FoundationEssentials

/// Where an object lies.
package struct ObjectLocation: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Not checked here: stores refuse with `invalidName` what is not the name of a bucket.
    package let bucket: String
    /// Not encoded. Not checked here: stores refuse with `invalidName` what no object may be
    /// called.
    package let key: String

    /// Accepts any text; the store that receives the location checks it.
    package init(bucket: String, key: String) {
        self.bucket = bucket
        self.key = key
    }

    /// - Parameter uri: `s3://BUCKET/KEY`; nil for anything else.
    package init?(uri: String) {
        guard uri.hasPrefix("s3://") else { return nil }
        // By bytes: a slash before a combining mark is not a character of its own.
        let parts = uri.utf8.dropFirst(5).split(
            separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        self.init(
            bucket: String(decoding: parts[0], as: UTF8.self),
            key: String(decoding: parts[1], as: UTF8.self))
    }

    /// Checks what every store takes, before anything is read or written.
    ///
    /// - Throws: `invalidName` that says what of bucket or key is wrong.
    package func check() throws(StorageError) {
        try BucketFolder.check(bucket)
        _ = try ObjectPath(key)
    }

    /// `s3://BUCKET/KEY` with the key as it is, not percent-encoded; `init(uri:)` reads it back.
    package var uri: String { "s3://\(bucket)/\(key)" }
    /// The URI, as error messages and logs show the location.
    package var description: String { uri }
}

/// What is put into a store.
package enum ObjectContent: Sendable {
    case bytes(Data)
    /// A file that the store copies.
    case file(path: String)
}

/// What a store knows about an object without reading it.
package struct ObjectSummary: Sendable, Equatable {
    /// Whole key in the bucket, not encoded.
    package let key: String
    /// In bytes.
    package let size: Int

    /// - Parameter size: In bytes.
    package init(key: String, size: Int) {
        self.key = key
        self.size = size
    }
}

/// Buckets of objects, as S3 has them.
///
/// A put is seen whole or not at all, also after a crash; a get that began before a put ends gives
/// the old object or the new one. `ObjectStoreContract` in the tests says it in code, and every
/// implementation must pass it.
package protocol ObjectStore: Sendable {
    func createBucket(_ bucket: String) async throws
    func bucketExists(_ bucket: String) async throws -> Bool
    func put(_ content: ObjectContent, at location: ObjectLocation) async throws
    /// - Parameter bytesMax: a larger object throws `tooLarge` and is not read.
    func get(_ location: ObjectLocation, bytesMax: Int) async throws -> Data
    /// Hands the object to `chunk` piece by piece, for those too large to hold.
    ///
    /// - Parameter bytesMax: a larger object throws `tooLarge` and is not read.
    func read(
        _ location: ObjectLocation, bytesMax: Int, _ chunk: (Data) async throws -> Void
    ) async throws
    /// - Returns: nil when there is no such object.
    func head(_ location: ObjectLocation) async throws -> ObjectSummary?
    /// Does nothing when there is no such object.
    func delete(_ location: ObjectLocation) async throws
    /// Objects whose keys begin with `prefix` and come after `after`, in the order of their
    /// UTF-8 bytes.
    func list(_ bucket: String, prefix: String, after: String?, limit: Int) async throws
        -> [ObjectSummary]
}
