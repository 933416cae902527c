import FoundationEssentials
import NIOPosix
import Service
import Synchronization
import Wire

/// Test results that were read a moment ago: a page asks for them several times, and also at once.
final class ResultsShelf: Sendable {
    private typealias Waiter = CheckedContinuation<TestResults?, Never>

    private struct State {
        /// What was kept under the object's version, the newest last.
        var kept: [(version: String, results: TestResults)] = []
        /// Those who wait for results that somebody else is reading, by the object's version.
        var reading: [String: [Waiter]] = [:]

        func results(_ version: String) -> TestResults? {
            kept.first { $0.version == version }?.results
        }
    }

    private enum Turn {
        case kept(TestResults)
        case wait
        case read
    }

    private let state = Mutex(State())

    /// The results of a model that has been trained.
    ///
    /// - Parameter place: of the evaluation's manifest.
    /// - Throws: `accessDenied` without `s3:GetObject` on it; `StorageError` where it is gone.
    func results(at place: OutputS3Object, for visit: Visit) async throws -> TestResults {
        let reference = "s3://\(place.bucket)/\(place.key)"
        // Asked each time: what one visitor may read another may not.
        let version = try await visit.operations.version(of: reference)
        while true {
            let turn = state.withLock { state -> Turn in
                if let results = state.results(version) { return .kept(results) }
                if state.reading[version] != nil { return .wait }
                state.reading[version] = []
                return .read
            }
            switch turn {
            case .kept(let results): return results
            case .read: return try await read(reference, version, visit)
            case .wait: if let results = await reading(version) { return results }
            }
        }
    }

    private func read(_ reference: String, _ version: String, _ visit: Visit) async throws
        -> TestResults
    {
        var found: TestResults?
        defer {
            let waiters = state.withLock { state in
                if let found { state.kept.append((version, found)) }
                if state.kept.count > ConsoleLimits.resultsKeptMax { state.kept.removeFirst() }
                return state.reading.removeValue(forKey: version) ?? []
            }
            for waiter in waiters { waiter.resume(returning: found) }
        }
        let bytes = try await visit.operations.object(
            reference, bytesMax: ConsoleLimits.evaluationBytesMax)
        let results = try await visit.context.pools.images.runIfActive {
            try TestResults(manifest: bytes)
        }
        found = results
        return results
    }

    /// - Returns: nil when who was reading them could not.
    private func reading(_ version: String) async -> TestResults? {
        await withCheckedContinuation { waiter in
            let answer = state.withLock { state -> TestResults?? in
                guard state.reading[version] == nil else {
                    state.reading[version]?.append(waiter)
                    return nil
                }
                return .some(state.results(version))
            }
            if let answer { waiter.resume(returning: answer) }
        }
    }
}
