package import FoundationEssentials
package import Storage

/// The buckets of users, in a store that has the state bucket beside them. Manifests, images,
/// outputs and artifacts have names that users choose; none of them leads into the state bucket.
package struct UserObjects: ObjectStore {
    private let base: any ObjectStore
    private let stateBucket: String

    /// - Parameters:
    ///   - base: the store with both.
    ///   - stateBucket: the bucket that users do not see.
    package init(_ base: any ObjectStore, without stateBucket: String) {
        self.base = base
        self.stateBucket = stateBucket
    }

    private func check(_ bucket: String) throws(StorageError) {
        guard Self.isSame(bucket, stateBucket) else { return }
        throw StorageError(.noSuchBucket, Self.refusal(bucket))
    }

    /// Some stores do not tell capital letters in the names of buckets.
    package static func isSame(_ bucket: String, _ stateBucket: String) -> Bool {
        bucket.lowercased() == stateBucket.lowercased()
    }

    /// A sentence for a user who named the state bucket.
    package static func refusal(_ bucket: String) -> String {
        "The bucket \(bucket) is for Spotter's own use. Choose another."
    }

    /// Throws `noSuchBucket` for the state bucket, as the other operations do.
    package func createBucket(_ bucket: String) async throws {
        try check(bucket)
        try await base.createBucket(bucket)
    }

    /// Always false for the state bucket.
    package func bucketExists(_ bucket: String) async throws -> Bool {
        if Self.isSame(bucket, stateBucket) { return false }
        return try await base.bucketExists(bucket)
    }

    /// Throws `noSuchBucket` for the state bucket before anything is sent.
    package func put(_ content: ObjectContent, at location: ObjectLocation) async throws {
        try check(location.bucket)
        try await base.put(content, at: location)
    }

    /// Throws `noSuchBucket` for the state bucket.
    package func get(_ location: ObjectLocation, bytesMax: Int) async throws -> Data {
        try check(location.bucket)
        return try await base.get(location, bytesMax: bytesMax)
    }

    /// Throws `noSuchBucket` for the state bucket, without a piece.
    package func read(
        _ location: ObjectLocation, bytesMax: Int, _ chunk: (Data) async throws -> Void
    ) async throws {
        try check(location.bucket)
        try await base.read(location, bytesMax: bytesMax, chunk)
    }

    /// Throws `noSuchBucket` for the state bucket, where another bucket that is missing may give
    /// nil.
    package func head(_ location: ObjectLocation) async throws -> ObjectSummary? {
        try check(location.bucket)
        return try await base.head(location)
    }

    /// - Throws: `noSuchBucket` for the state bucket; otherwise as the store below.
    package func delete(_ location: ObjectLocation) async throws {
        try check(location.bucket)
        try await base.delete(location)
    }

    /// - Throws: `noSuchBucket` for the state bucket; otherwise as the store below.
    package func list(_ bucket: String, prefix: String, after: String?, limit: Int) async throws
        -> [ObjectSummary]
    {
        try check(bucket)
        return try await base.list(bucket, prefix: prefix, after: after, limit: limit)
    }
}
