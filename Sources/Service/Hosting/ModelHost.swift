package import NIOPosix
import Synchronization
package import Vision

/// The models that are in memory. A hosted model that is not, after a restart say, is loaded by
/// the first call that needs it.
package final class ModelHost: Sendable {
    private struct Key: Hashable {
        let project: String
        let version: Int
    }

    private let library: ModelLibrary
    private let runtime: OnnxRuntime
    private let pool: NIOThreadPool
    private let loaded = Mutex<[Key: Detector]>([:])

    package init(library: ModelLibrary, runtime: OnnxRuntime, pool: NIOThreadPool) {
        self.library = library
        self.runtime = runtime
        self.pool = pool
    }

    /// Two calls that find the model missing both load it and the later one stays: rare, harmless,
    /// and simpler than waiting for each other.
    package func detector(_ project: String, _ version: Int) async throws -> Detector {
        let key = Key(project: project, version: version)
        if let detector = loaded.withLock({ $0[key] }) { return detector }
        let (manifest, model) = try await library.load(project, version)
        let runtime = runtime
        // One thread a run: calls overlap, and each core serves one.
        let detector = try await pool.runIfActive {
            try Detector(runtime: runtime, manifest: manifest, model: model, threads: 1)
        }
        loaded.withLock { $0[key] = detector }
        return detector
    }

    package func unload(_ project: String, _ version: Int) {
        _ = loaded.withLock { $0.removeValue(forKey: Key(project: project, version: version)) }
    }
}
