import FoundationEssentials
import NIOPosix
import Service
import Synchronization
import Wire

/// Test results that were read a moment ago: a page asks for them several times.
final class ResultsShelf: Sendable {
    /// What was kept under the object's version, the newest last.
    private let kept = Mutex<[(version: String, results: TestResults)]>([])

    /// The results of a model that has been trained.
    ///
    /// - Parameter place: of the evaluation's manifest.
    /// - Throws: `accessDenied` without `s3:GetObject` on it; `StorageError` where it is gone.
    func results(at place: OutputS3Object, for visit: Visit) async throws -> TestResults {
        let reference = "s3://\(place.bucket)/\(place.key)"
        // Asked each time: what one visitor may read another may not.
        let version = try await visit.operations.version(of: reference)
        if let found = kept.withLock({ $0.first { $0.version == version } }) {
            return found.results
        }
        let bytes = try await visit.operations.object(
            reference, bytesMax: ConsoleLimits.evaluationBytesMax)
        let results = try await visit.context.pools.images.runIfActive {
            TestResults(manifest: bytes)
        }
        kept.withLock { kept in
            kept.append((version, results))
            if kept.count > ConsoleLimits.resultsKeptMax { kept.removeFirst() }
        }
        return results
    }
}
