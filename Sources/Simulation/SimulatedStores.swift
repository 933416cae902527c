import FoundationEssentials
import Storage
import Synchronization
import TestSupport

/// Operations that were given up and are done all the same, later.
final class LateOperations: Sendable {
    struct Operation: Sendable {
        let name: String
        let run: @Sendable () async -> Void
    }

    private let state = Mutex<[Operation]>([])

    func add(_ name: String, _ run: @escaping @Sendable () async -> Void) {
        state.withLock { $0.append(Operation(name: name, run: run)) }
    }

    var count: Int { state.withLock { $0.count } }

    func take(_ index: Int) -> Operation { state.withLock { $0.remove(at: index) } }
}

/// How often something was changed.
final class SimulatedEffects: Sendable {
    private let state = Mutex(0)

    var count: Int { state.withLock { $0 } }

    func add() { state.withLock { $0 += 1 } }
}

/// What the stores of an actor share.
struct SimulatedAccess: Sendable {
    let actor: SimulatedActor
    let gate: SimulationGate
    let executor: SimulationExecutor
    let late: LateOperations
    /// Told of everything that others may see.
    let effects: SimulatedEffects

    static let outOfReach = StorageError(.unavailable, "The store is out of reach.")
    static let unknown = StorageError(.unavailable, "Nobody knows whether it was done.")

    /// Waits for the schedule and does `body` as it says.
    ///
    /// - Parameters:
    ///   - rehearsal: what a transaction that is begun again has done before.
    func perform<Value: Sendable>(
        _ kind: SimulatedStep.Kind, _ detail: String = "",
        rehearsal: (@Sendable () async -> Void)? = nil,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let (executor, effects) = (executor, effects)
        let outside: @Sendable () async throws -> Value = {
            if Self.changes(kind) { effects.add() }
            return try await executor.outside(body)
        }
        switch await gate.pass(actor, SimulatedStep(kind: kind, detail: detail)) {
        case .isDone: return try await outside()
        case .fails: throw Self.outOfReach
        case .losesAnswer:
            _ = try? await outside()
            throw Self.unknown
        case .comesLate:
            late.add("\(actor.name) \(kind.rawValue) \(detail)") { _ = try? await outside() }
            throw Self.unknown
        case .isRepeated:
            if let rehearsal {
                await executor.outside(rehearsal)
            } else {
                _ = try? await outside()
            }
            return try await outside()
        case .isCancelled: throw CancellationError()
        case .isDead: throw Self.outOfReach
        }
    }

    /// Kinds of operations whose effect is seen by others.
    static func changes(_ kind: SimulatedStep.Kind) -> Bool {
        kind == .write || kind == .put || kind == .delete
    }
}

extension SQLiteStore {
    /// Reads as a write does: a database in memory has one connection, and forbidding it to write
    /// for a moment makes SQLite prepare all statements again.
    func look<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        try await write(body)
    }
}

/// A metadata store behind the gate.
struct SimulatedMetadataStore: MetadataStore {
    private struct RolledBack: Error {}

    let base: SQLiteStore
    let access: SimulatedAccess

    var changes: MetadataChanges { base.changes }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        try await access.perform(.read) { [base] in try await base.look(body) }
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        let base = base
        return try await access.perform(
            .write,
            rehearsal: {
                try? await base.write { transaction in
                    _ = try body(transaction)
                    throw RolledBack()
                }
            }, { try await base.write(body) })
    }
}

/// The store of a newer program: whatever it writes, it leaves a member in the rows that this one
/// does not know.
struct NewerMetadataStore: MetadataStore {
    let base: SimulatedMetadataStore

    var changes: MetadataChanges { base.changes }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        try await base.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        try await base.write { transaction in
            let value = try body(transaction)
            try transaction.addNewerMember()
            return value
        }
    }
}

/// An object store behind the gate.
struct SimulatedObjectStore: ObjectStore {
    let base: MemoryObjectStore
    let access: SimulatedAccess

    func createBucket(_ bucket: String) async throws {
        try await access.perform(.bucket, bucket) { [base] in try await base.createBucket(bucket) }
    }

    func bucketExists(_ bucket: String) async throws -> Bool {
        try await access.perform(.bucket, bucket) { [base] in try await base.bucketExists(bucket) }
    }

    func put(_ content: ObjectContent, at location: ObjectLocation) async throws {
        // The file may be gone when a late request arrives.
        let bytes = ObjectContent.bytes(try MemoryObjectStore.bytes(of: content))
        try await access.perform(.put, location.key) { [base] in
            try await base.put(bytes, at: location)
        }
    }

    func get(_ location: ObjectLocation, bytesMax: Int) async throws -> Data {
        try await access.perform(.get, location.key) { [base] in
            try await base.get(location, bytesMax: bytesMax)
        }
    }

    func read(
        _ location: ObjectLocation, bytesMax: Int, _ chunk: (Data) async throws -> Void
    ) async throws {
        let bytes = try await get(location, bytesMax: bytesMax)
        if !bytes.isEmpty { try await chunk(bytes) }
    }

    func head(_ location: ObjectLocation) async throws -> ObjectSummary? {
        try await access.perform(.head, location.key) { [base] in try await base.head(location) }
    }

    func delete(_ location: ObjectLocation) async throws {
        try await access.perform(.delete, location.key) { [base] in
            try await base.delete(location)
        }
    }

    func list(_ bucket: String, prefix: String, after: String?, limit: Int) async throws
        -> [ObjectSummary]
    {
        try await access.perform(.list, prefix) { [base] in
            try await base.list(bucket, prefix: prefix, after: after, limit: limit)
        }
    }
}
