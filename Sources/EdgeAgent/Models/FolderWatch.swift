package import Logging
package import NIOPosix
import ServiceLifecycle
import Vision

/// Looks into folders of models again and again, so that a copied-in version appears.
package struct FolderWatch: Service {
    private let folders: [String]
    private let shelf: ModelShelf
    private let pool: NIOThreadPool
    private let logger: Logger

    /// - Parameters:
    ///   - folders: earlier ones win where two have the same component.
    ///   - pool: where folders and manifests are read, which blocks.
    package init(folders: [String], shelf: ModelShelf, pool: NIOThreadPool, logger: Logger) {
        self.folders = folders
        self.shelf = shelf
        self.pool = pool
        self.logger = logger
    }

    /// Looks every `AgentLimits.folderPollMilliseconds` until a graceful shutdown.
    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await look()
                try await Task.sleep(for: .milliseconds(AgentLimits.folderPollMilliseconds))
            }
        }
    }

    /// One look at all folders. With a component in two folders the first folder counts.
    package func look() async throws {
        let (folders, known) = (folders, shelf.knownStamps())
        let (sources, read) = try await pool.runIfActive {
            var sources: [ModelSource] = []
            var read: [String: Result<ModelManifest, VisionError>] = [:]
            for source in folders.flatMap(ModelFolder.sources)
            where !sources.contains(where: { $0.component == source.component }) {
                sources.append(source)
                guard known[source.component] != ModelShelf.identity(source) else { continue }
                read[source.component] = source.manifest
            }
            return (sources, read)
        }
        for component in shelf.update(sources, read: read) {
            do {
                _ = try shelf.start(component)
            } catch {
                logger.warning("\(error)", metadata: ["component": "\(component)"])
            }
        }
    }
}
