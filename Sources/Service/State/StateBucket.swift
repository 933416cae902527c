package import FoundationEssentials
package import Storage

/// The bucket in which the service keeps what belongs to its rows: models, backbones, components.
/// No user sees it.
///
/// An object is written before the row that names it and removed after it, so a row never names
/// what is not there. In between, a row of `staged_object` remembers the key: what a crash left is
/// found there and removed a day later.
package struct StateBucket: Sendable {
    /// The store that the bucket is in: the users' S3 in a cluster, a directory of its own
    /// elsewhere.
    package let objects: any ObjectStore
    /// Name of the bucket; made by the first write.
    package let name: String
    private let metadata: any MetadataStore
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - metadata: where `staged_object` is.
    ///   - now: dates staged objects; the same clock for all processes, give or take minutes.
    package init(
        objects: any ObjectStore, name: String, metadata: any MetadataStore,
        now: @escaping @Sendable () -> Date
    ) {
        self.objects = objects
        self.name = name
        self.metadata = metadata
        self.now = now
    }

    /// Where the object with this key of the bucket is.
    package func location(_ key: String) -> ObjectLocation {
        ObjectLocation(bucket: name, key: key)
    }

    /// A whole object.
    ///
    /// - Parameter bytesMax: a larger object throws `tooLarge` and is not read.
    /// - Throws: `StorageError`: `noSuchBucket` and `noSuchObject` too.
    package func get(_ key: String, bytesMax: Int) async throws -> Data {
        try await objects.get(location(key), bytesMax: bytesMax)
    }

    /// Writes an object that no row names yet. Keys are used once.
    ///
    /// - Throws: `StorageError`; then the object may be there or still on its way, and stays noted
    ///   for `abandon` or `sweep`.
    package func stage(_ content: ObjectContent, _ key: String) async throws {
        // The time is that of the transaction, which may have waited.
        let now = now
        try await metadata.write {
            try $0.saveStagedObject(StagedObject(key: key, created: now()))
        }
        if try await !objects.bucketExists(name) { try await objects.createBucket(name) }
        try await objects.put(content, at: location(key))
    }

    /// Called in the transaction that writes the row that names the objects.
    ///
    /// - Throws: `StorageError.unavailable` for objects that were written so long ago that they may
    ///   have been removed.
    package func adopt(_ keys: [String], _ transaction: MetadataTransaction) throws {
        let oldest = now().addingTimeInterval(-Limits.stagedObjectSeconds / 2)
        for key in keys {
            guard let object = try transaction.stagedObject(key), object.created > oldest else {
                throw StorageError(
                    .unavailable, "The object \(key) was written too long ago to be used.")
            }
            try transaction.removeStagedObject(key)
        }
    }

    /// Called in the transaction that removes the row that names the objects; `discard` them after
    /// it.
    ///
    /// - Throws: `StorageError`, and then the transaction is rolled back.
    package func disown(_ keys: [String], _ transaction: MetadataTransaction) throws {
        for key in keys {
            try transaction.saveStagedObject(
                StagedObject(key: key, created: Date(timeIntervalSince1970: 0)))
        }
    }

    /// Removes objects that were written and that no row has got; those that one has got stay. It
    /// ends also when the task is cancelled: a worker that lost the right to write still tidies up.
    package func abandon(_ keys: [String]) async {
        try? await Shield.run {
            let left = try? await metadata.write { transaction in
                let left = try keys.filter { try transaction.stagedObject($0) != nil }
                try disown(left, transaction)
                return left
            }
            await discard(left ?? [])
        }
    }

    /// Removes objects that no row names. What cannot be removed now is removed by `sweep`.
    package func discard(_ keys: [String]) async {
        for key in keys { try? await remove(key) }
    }

    /// Removes what nobody adopted or discarded within a day. What cannot be removed does not keep
    /// the others; it is tried again the next time.
    ///
    /// - Throws: the first error, at the end.
    package func sweep() async throws {
        let horizon = now().addingTimeInterval(-Limits.stagedObjectSeconds)
        var failures: [any Error] = []
        while failures.count < Limits.sweepFailuresMax {
            let left = try await metadata.read {
                try $0.stagedObjects(createdBefore: horizon, limit: Limits.stagedObjectsPage)
            }
            let before = failures.count
            for object in left where failures.count < Limits.sweepFailuresMax {
                try Task.checkCancellation()
                do { try await remove(object.key) } catch { failures.append(error) }
            }
            let isLast = left.count < Limits.stagedObjectsPage
            if isLast || failures.count - before == left.count { break }
        }
        if let first = failures.first { throw first }
    }

    private func remove(_ key: String) async throws {
        do {
            try await objects.delete(location(key))
        } catch let error as StorageError where error.code == .noSuchBucket {
            // Nothing was ever written.
        }
        try await metadata.write { try $0.removeStagedObject(key) }
    }
}
