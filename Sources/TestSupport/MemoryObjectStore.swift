import Base
package import FoundationEssentials
package import Storage
import Synchronization

/// Buckets in memory, for simulations: fast, and everything in them can be looked at.
package final class MemoryObjectStore: ObjectStore {
    private static let pieceBytes = 1 << 20

    private let buckets = Mutex<[String: [String: Data]]>([:])

    /// A store without buckets.
    package init() {}

    /// The bytes of a content, from the memory or from its file.
    ///
    /// - Throws: `StorageError.unavailable` for a file that cannot be read.
    package static func bytes(of content: ObjectContent) throws -> Data {
        switch content {
        case .bytes(let bytes): return bytes
        case .file(let path):
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw StorageError(.unavailable, "The file \(path) cannot be read.")
            }
            return bytes
        }
    }

    /// Keys of a bucket, in no order.
    package func keys(_ bucket: String) -> [String] {
        buckets.withLock { $0[bucket].map { Array($0.keys) } ?? [] }
    }

    /// The bytes of an object; nil if there is none.
    package func object(_ location: ObjectLocation) -> Data? {
        buckets.withLock { $0[location.bucket]?[location.key] }
    }

    /// Makes a bucket, unless it is there.
    ///
    /// - Throws: `StorageError.invalidName` for a name that S3 does not take.
    package func createBucket(_ bucket: String) async throws {
        guard BucketName(bucket) != nil else {
            throw StorageError(.invalidName, "'\(bucket)' is not the name of a bucket.")
        }
        buckets.withLock { buckets in
            if buckets[bucket] == nil { buckets[bucket] = [:] }
        }
    }

    /// Whether the bucket was made; it never throws.
    package func bucketExists(_ bucket: String) async throws -> Bool {
        buckets.withLock { $0[bucket] != nil }
    }

    /// Writes an object in one moment, in place of the one of its key.
    ///
    /// - Throws: `StorageError`: `.invalidName` for a key that a folder could not have,
    ///   `.noSuchBucket`, `.unavailable` for a file that cannot be read.
    package func put(_ content: ObjectContent, at location: ObjectLocation) async throws {
        try Self.check(location.key)
        let bytes = try Self.bytes(of: content)
        try buckets.withLock { buckets in
            guard buckets[location.bucket] != nil else { throw Self.noBucket(location) }
            buckets[location.bucket]?[location.key] = bytes
        }
    }

    /// - Throws: `StorageError`: `.noSuchBucket`, `.noSuchObject`, `.tooLarge`.
    package func get(_ location: ObjectLocation, bytesMax: Int) async throws -> Data {
        guard let bytes = object(location) else {
            guard try await bucketExists(location.bucket) else { throw Self.noBucket(location) }
            throw StorageError(.noSuchObject, "There is no object \(location).")
        }
        guard bytes.count <= bytesMax else {
            throw StorageError(
                .tooLarge, "\(location) has \(bytes.count) bytes; at most \(bytesMax) are taken.")
        }
        return bytes
    }

    /// Gives the object in pieces of 1 MiB, as it was when the call began.
    ///
    /// - Throws: as `get`, and what `chunk` throws.
    package func read(
        _ location: ObjectLocation, bytesMax: Int, _ chunk: (Data) async throws -> Void
    ) async throws {
        let bytes = try await get(location, bytesMax: bytesMax)
        for start in stride(from: 0, to: bytes.count, by: Self.pieceBytes) {
            try await chunk(Data(bytes.dropFirst(start).prefix(Self.pieceBytes)))
        }
    }

    /// Key and size; nil if there is no such object or bucket.
    package func head(_ location: ObjectLocation) async throws -> ObjectSummary? {
        object(location).map { ObjectSummary(key: location.key, size: $0.count) }
    }

    /// Removes an object, if it is there; it never throws.
    package func delete(_ location: ObjectLocation) async throws {
        _ = buckets.withLock { $0[location.bucket]?.removeValue(forKey: location.key) }
    }

    /// Objects in the order of the bytes of their keys; none for an unknown bucket.
    package func list(_ bucket: String, prefix: String, after: String?, limit: Int) async throws
        -> [ObjectSummary]
    {
        let objects = buckets.withLock { $0[bucket] } ?? [:]
        return objects.filter { key, _ in
            key.utf8.starts(with: prefix.utf8)
                && (after.map { $0.utf8.lexicographicallyPrecedes(key.utf8) } ?? true)
        }
        .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.prefix(limit)
        .map { ObjectSummary(key: $0.key, size: $0.value.count) }
    }

    private static func check(_ key: String) throws(StorageError) {
        var parts = key.utf8.split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false
        ).map { String(Substring($0)) }
        if parts.count > 1, parts[parts.count - 1].isEmpty { parts.removeLast() }
        guard ObjectKey(key) != nil, parts.allSatisfy({ !["", ".", ".."].contains($0) })
        else { throw StorageError(.invalidName, "'\(key.prefix(80))' is not a key.") }
    }

    private static func noBucket(_ location: ObjectLocation) -> StorageError {
        StorageError(.noSuchBucket, "There is no bucket \(location.bucket).")
    }
}
