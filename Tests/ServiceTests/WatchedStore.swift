import FoundationEssentials
import Storage
import Synchronization

/// A store that lets a test do something at a chosen moment.
final class WatchedStore: ObjectStore {
    enum Moment: Sendable {
        case beforeGet
        case beforePut
    }

    typealias Watcher = @Sendable (Moment, ObjectLocation) async throws -> Void

    private let base: any ObjectStore
    private let watcher = Mutex<Watcher?>(nil)

    init(_ base: any ObjectStore) { self.base = base }

    func watch(_ body: Watcher?) { watcher.withLock { $0 = body } }

    private func tell(_ moment: Moment, _ location: ObjectLocation) async throws {
        try await watcher.withLock { $0 }?(moment, location)
    }

    func createBucket(_ bucket: String) async throws { try await base.createBucket(bucket) }

    func bucketExists(_ bucket: String) async throws -> Bool {
        try await base.bucketExists(bucket)
    }

    func put(_ content: ObjectContent, at location: ObjectLocation) async throws {
        try await tell(.beforePut, location)
        try await base.put(content, at: location)
    }

    func get(_ location: ObjectLocation, bytesMax: Int) async throws -> Data {
        try await tell(.beforeGet, location)
        return try await base.get(location, bytesMax: bytesMax)
    }

    func read(
        _ location: ObjectLocation, bytesMax: Int, _ chunk: (Data) async throws -> Void
    ) async throws {
        try await tell(.beforeGet, location)
        try await base.read(location, bytesMax: bytesMax, chunk)
    }

    func head(_ location: ObjectLocation) async throws -> ObjectSummary? {
        try await base.head(location)
    }

    func delete(_ location: ObjectLocation) async throws { try await base.delete(location) }

    func list(_ bucket: String, prefix: String, after: String?, limit: Int) async throws
        -> [ObjectSummary]
    {
        try await base.list(bucket, prefix: prefix, after: after, limit: limit)
    }
}

/// Metadata that forgets to say that a write was done.
final class ForgetfulMetadata: MetadataStore {
    private let base: any MetadataStore
    private let isDue = Mutex<(@Sendable (MetadataTransaction) throws -> Bool)?>(nil)

    init(_ base: any MetadataStore) { self.base = base }

    var changes: MetadataChanges { base.changes }

    /// The next write after which `isDue` is done, and fails for whoever asked for it.
    func forget(when isDue: @escaping @Sendable (MetadataTransaction) throws -> Bool) {
        self.isDue.withLock { $0 = isDue }
    }

    /// The write after the next `count`.
    func forget(after count: Int) {
        let left = Mutex(count)
        forget { _ in
            left.withLock { left in
                left -= 1
                return left < 0
            }
        }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value { try await base.read(body) }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        let isDue = isDue.withLock { $0 }
        let (value, isForgotten) = try await base.write { transaction in
            (try body(transaction), try isDue?(transaction) ?? false)
        }
        if isForgotten {
            self.isDue.withLock { $0 = nil }
            throw StorageError(.unavailable, "The connection was lost at the end.")
        }
        return value
    }
}
