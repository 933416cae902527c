package import FoundationEssentials
package import Storage
import Synchronization

/// A real store whose next operations fail on demand.
package final class FaultyObjectStore: ObjectStore {
    package enum Operation: Sendable {
        case get
        case put
        /// A put that is done, while whoever asked for it hears of a failure.
        case putAcknowledgement
        /// A read that ends after its first piece.
        case rest
        case delete
    }

    private struct Fault {
        var passes: Int
        var fails: Int
    }

    private let base: any ObjectStore
    private let faults = Mutex<[Operation: Fault]>([:])

    package init(_ base: any ObjectStore) { self.base = base }

    /// Lets the next `count` operations of a kind fail as an unreachable store would.
    ///
    /// - Parameter passes: so many of them succeed before.
    package func fail(_ operation: Operation, times count: Int, after passes: Int = 0) {
        faults.withLock { $0[operation] = Fault(passes: passes, fails: count) }
    }

    private func check(_ operation: Operation) throws {
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

    package func createBucket(_ bucket: String) async throws { try await base.createBucket(bucket) }

    package func bucketExists(_ bucket: String) async throws -> Bool {
        try await base.bucketExists(bucket)
    }

    package func put(_ content: ObjectContent, at location: ObjectLocation) async throws {
        try check(.put)
        try await base.put(content, at: location)
        try check(.putAcknowledgement)
    }

    package func get(_ location: ObjectLocation, bytesMax: Int) async throws -> Data {
        try check(.get)
        return try await base.get(location, bytesMax: bytesMax)
    }

    package func read(
        _ location: ObjectLocation, bytesMax: Int, _ chunk: (Data) async throws -> Void
    ) async throws {
        try check(.get)
        try await base.read(location, bytesMax: bytesMax) { piece in
            try await chunk(piece)
            try check(.rest)
        }
    }

    package func head(_ location: ObjectLocation) async throws -> ObjectSummary? {
        try await base.head(location)
    }

    package func delete(_ location: ObjectLocation) async throws {
        try check(.delete)
        try await base.delete(location)
    }

    package func list(_ bucket: String, prefix: String, after: String?, limit: Int) async throws
        -> [ObjectSummary]
    {
        try await base.list(bucket, prefix: prefix, after: after, limit: limit)
    }
}
