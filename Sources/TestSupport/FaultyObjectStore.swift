package import FoundationEssentials
package import Storage
import Synchronization

/// A real store whose next operations fail, or do not return, on demand. What is not asked to fail
/// goes to the real one.
package final class FaultyObjectStore: ObjectStore {
    /// What can fail. `createBucket`, `bucketExists`, `head` and `list` never do.
    package enum Operation: Sendable {
        /// `get` or `read`, before the first byte.
        case get
        /// `put`, before anything is written.
        case put
        /// A put that is done, while its caller gets an error.
        case putAcknowledgement
        /// A read that ends after its first piece.
        case rest
        case delete
    }

    private struct Fault {
        var passes: Int
        var fails: Int
    }

    private struct Holding {
        var operations: Set<Operation> = []
        var count = 0
    }

    private let base: any ObjectStore
    private let faults = Mutex<[Operation: Fault]>([:])

    private let holding = Mutex(Holding())

    /// A store that works until it is asked to fail.
    package init(_ base: any ObjectStore) { self.base = base }

    /// Lets the next `count` operations of a kind fail as an unreachable store would, with
    /// `StorageError.unavailable`. It replaces what was asked for this kind before.
    ///
    /// - Parameter passes: so many of them succeed before.
    package func fail(_ operation: Operation, times count: Int, after passes: Int = 0) {
        faults.withLock { $0[operation] = Fault(passes: passes, fails: count) }
    }

    /// Lets operations of a kind begin and not return, until their tasks are cancelled.
    package func hold(_ operation: Operation) {
        holding.withLock { _ = $0.operations.insert(operation) }
    }

    /// How many operations have begun and are held.
    package var heldOperations: Int { holding.withLock { $0.count } }

    private func check(_ operation: Operation) async throws {
        let isHeld = holding.withLock { holding in
            guard holding.operations.contains(operation) else { return false }
            holding.count += 1
            return true
        }
        if isHeld {
            defer { holding.withLock { $0.count -= 1 } }
            // Cancelling ends it; a test that does not cancel has its own limit.
            try await Task.sleep(for: .seconds(3_600))
        }
        let fails = faults.withLock { faults in
            guard var fault = faults[operation] else { return false }
            defer { faults[operation] = fault }
            if fault.passes > 0 {
                fault.passes -= 1
                return false
            }
            fault.fails -= 1
            return fault.fails >= 0
        }
        if fails { throw StorageError(.unavailable, "The store is out of reach.") }
    }

    /// As the real store does; it never fails on demand.
    package func createBucket(_ bucket: String) async throws { try await base.createBucket(bucket) }

    /// As the real store does; it never fails on demand.
    package func bucketExists(_ bucket: String) async throws -> Bool {
        try await base.bucketExists(bucket)
    }

    /// - Throws: what the real store throws; `StorageError.unavailable` on demand, before or after
    ///   the object was written.
    package func put(_ content: ObjectContent, at location: ObjectLocation) async throws {
        try await check(.put)
        try await base.put(content, at: location)
        try await check(.putAcknowledgement)
    }

    /// - Throws: what the real store throws; `StorageError.unavailable` on demand.
    package func get(_ location: ObjectLocation, bytesMax: Int) async throws -> Data {
        try await check(.get)
        return try await base.get(location, bytesMax: bytesMax)
    }

    /// - Throws: what the real store and `chunk` throw; `StorageError.unavailable` on demand, also
    ///   after the first piece.
    package func read(
        _ location: ObjectLocation, bytesMax: Int, _ chunk: (Data) async throws -> Void
    ) async throws {
        try await check(.get)
        try await base.read(location, bytesMax: bytesMax) { piece in
            try await chunk(piece)
            try await check(.rest)
        }
    }

    /// As the real store does; it never fails on demand.
    package func head(_ location: ObjectLocation) async throws -> ObjectSummary? {
        try await base.head(location)
    }

    /// - Throws: what the real store throws; `StorageError.unavailable` on demand.
    package func delete(_ location: ObjectLocation) async throws {
        try await check(.delete)
        try await base.delete(location)
    }

    /// As the real store does; it never fails on demand.
    package func list(_ bucket: String, prefix: String, after: String?, limit: Int) async throws
        -> [ObjectSummary]
    {
        try await base.list(bucket, prefix: prefix, after: after, limit: limit)
    }
}
