import Storage
import Synchronization

/// A real store that fails on demand.
final class FaultyMetadata: MetadataStore {
    /// What a driver might say: paths and statements that no client may see.
    struct Fault: Error, CustomStringConvertible {
        let description = "SQLite error 1 in /secret/spotter.sqlite: no such table: project"
    }

    private let base: any MetadataStore
    private let thrown = Mutex<(any Error)?>(nil)

    init(_ base: any MetadataStore) { self.base = base }

    /// What every call throws; nil for a store that works.
    var failure: (any Error)? {
        get { thrown.withLock { $0 } }
        set { thrown.withLock { $0 = newValue } }
    }

    var isFaulty: Bool {
        get { failure != nil }
        set { failure = newValue ? Fault() : nil }
    }

    var changes: MetadataChanges { base.changes }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        if let failure { throw failure }
        return try await base.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        if let failure { throw failure }
        return try await base.write(body)
    }
}
