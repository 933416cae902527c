import NIOPosix
import Storage
import Synchronization

/// The artifacts of a version that is being made, as objects of the state bucket that no row names
/// yet.
final class StagingObjects: ArtifactDestination {
    private struct Keys {
        var written: [String] = []
        /// Writes whose end nobody heard of.
        var uncertain: [String] = []
    }

    let workFolder: String
    private let state: StateBucket
    private let prefix: String
    private let keys = Mutex(Keys())

    /// - Parameter prefix: of the keys, without the last slash; used once.
    init(_ state: StateBucket, prefix: String, workFolder: String) {
        self.state = state
        self.prefix = prefix
        self.workFolder = workFolder
    }

    func keep(_ path: String, as name: String) async throws {
        let key = "\(prefix)/\(name)"
        do {
            try await state.stage(.file(path: path), key)
        } catch {
            keys.withLock { $0.uncertain.append(key) }
            throw error
        }
        keys.withLock { $0.written.append(key) }
    }

    /// Called in the transaction that writes the row.
    func adopt(_ transaction: MetadataTransaction) throws {
        try state.adopt(keys.withLock { $0.written }, transaction)
    }

    /// Removes the objects, unless a row has got them. One whose write may still be on its way
    /// stays known, so that `StateBucket.sweep` finds it if it comes late.
    func discard() async {
        let (state, keys) = (state, keys.withLock { $0 })
        try? await Shield.run {
            await state.abandon(keys.written)
            for key in keys.uncertain { try? await state.objects.delete(state.location(key)) }
        }
    }
}
