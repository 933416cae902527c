import Storage
import Synchronization

/// A real store that fails on demand.
final class FaultyMetadata: MetadataStore {
    /// What a driver might say: paths and statements that no client may see.
    struct Fault: Error, CustomStringConvertible {
        let description = "SQLite error 1 in /secret/spotter.sqlite: no such table: project"
    }

    private let base: any MetadataStore
    private let fails = Mutex(false)

    init(_ base: any MetadataStore) { self.base = base }

    var isFaulty: Bool {
        get { fails.withLock { $0 } }
        set { fails.withLock { $0 = newValue } }
    }

    var changes: MetadataChanges { base.changes }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        if isFaulty { throw Fault() }
        return try await base.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        if isFaulty { throw Fault() }
        return try await base.write(body)
    }
}
