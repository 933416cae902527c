import FoundationEssentials
import Storage
import Synchronization

/// The stores of a process that dies at one of its steps: nothing that it would do later happens.
final class DyingProcess: Sendable {
    enum Moment: CaseIterable {
        case beforeTheStep
        case afterTheStep
    }

    struct Dead: Error {}

    private let moment: Moment
    private let stepsLeft: Mutex<Int>

    /// - Parameter step: the one that it dies at; 1 is the first.
    init(at step: Int, _ moment: Moment) {
        self.moment = moment
        stepsLeft = Mutex(step)
    }

    var isDead: Bool { stepsLeft.withLock { $0 <= 0 } }

    fileprivate func step<Value>(_ body: () async throws -> Value) async throws -> Value {
        let left = stepsLeft.withLock { left in
            left -= 1
            return left
        }
        guard left > 0 || left == 0 && moment == .afterTheStep else { throw Dead() }
        let value = try await body()
        guard left > 0 else { throw Dead() }
        return value
    }

    func metadata(_ base: any MetadataStore) -> any MetadataStore {
        DyingMetadata(base: base, process: self)
    }

    func objects(_ base: any ObjectStore) -> any ObjectStore {
        DyingObjects(base: base, process: self)
    }
}

private struct DyingMetadata: MetadataStore {
    let base: any MetadataStore
    let process: DyingProcess

    var changes: MetadataChanges { base.changes }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        try await process.step { try await base.read(body) }
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        try await process.step { try await base.write(body) }
    }
}

private struct DyingObjects: ObjectStore {
    let base: any ObjectStore
    let process: DyingProcess

    func createBucket(_ bucket: String) async throws {
        try await process.step { try await base.createBucket(bucket) }
    }

    func bucketExists(_ bucket: String) async throws -> Bool {
        try await process.step { try await base.bucketExists(bucket) }
    }

    func put(_ content: ObjectContent, at location: ObjectLocation) async throws {
        try await process.step { try await base.put(content, at: location) }
    }

    func get(_ location: ObjectLocation, bytesMax: Int) async throws -> Data {
        try await process.step { try await base.get(location, bytesMax: bytesMax) }
    }

    func read(
        _ location: ObjectLocation, bytesMax: Int, _ chunk: (Data) async throws -> Void
    ) async throws {
        try await process.step { try await base.read(location, bytesMax: bytesMax, chunk) }
    }

    func head(_ location: ObjectLocation) async throws -> ObjectSummary? {
        try await process.step { try await base.head(location) }
    }

    func delete(_ location: ObjectLocation) async throws {
        try await process.step { try await base.delete(location) }
    }

    func list(_ bucket: String, prefix: String, after: String?, limit: Int) async throws
        -> [ObjectSummary]
    {
        try await process.step {
            try await base.list(bucket, prefix: prefix, after: after, limit: limit)
        }
    }
}
