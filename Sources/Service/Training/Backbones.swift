import Base
package import NIOPosix
import Storage
import Synchronization
package import Vision

/// The networks that models are built on: the server's default, and those that projects were given.
package final class Backbones: Sendable {
    private let standard: any FeatureExtractor
    private let store: any BackboneStore
    private let pool: NIOThreadPool
    /// The one that was used last; a server may have more than fit into memory.
    private let newest = Mutex<(any FeatureExtractor)?>(nil)

    /// - Parameters:
    ///   - standard: for projects that were given none.
    ///   - store: where the others are.
    package init(
        standard: any FeatureExtractor, store: any BackboneStore, pool: NIOThreadPool
    ) {
        self.standard = standard
        self.store = store
        self.pool = pool
    }

    /// What models of a project with these settings are built on.
    ///
    /// - Throws: `VisionError` when its file is gone or damaged, `StorageError`.
    func extractor(for settings: ProjectSettings) async throws -> any FeatureExtractor {
        guard let name = settings.backbone else { return standard }
        if let known = newest.withLock({ $0 }), known.identifier == name { return known }
        let (bytes, place) = (try await store.bytes(name), store.place(name))
        let loaded = try await pool.runIfActive {
            guard Checksum.sha256(bytes) == name else {
                throw VisionError(
                    .invalidModel,
                    "The backbone \(place) is damaged: its SHA-256 is not its name. Remove it, and "
                        + "give the project its backbone again with 'spotter project set'.")
            }
            return try BackboneSource.backbone(bytes, identifier: name, file: place)
        }
        newest.withLock { $0 = loaded }
        return loaded
    }
}
