import Base
package import FoundationEssentials
package import NIOPosix
import Storage
import Vision

/// Backbones as files `SHA256.onnx`, named by what is in them. They stay: which trainings will want
/// one again is not known.
package protocol BackboneStore: Sendable {
    /// Where a backbone is, for people.
    func place(_ name: String) -> String

    /// - Throws: `VisionError` telling what to do when it is gone, `StorageError`.
    func bytes(_ name: String) async throws -> Data

    /// Writes it, once for the same bytes.
    func add(_ bytes: Data, name: String) async throws
}

extension BackboneStore {
    /// - Parameter source: from `BackboneSource`, which has tried it.
    /// - Returns: its name.
    package func add(_ source: BackboneSource) async throws -> String {
        try await add(source.bytes, name: source.name)
        return source.name
    }

    fileprivate func missing(_ name: String) -> VisionError {
        VisionError(
            .invalidModel,
            "The backbone \(place(name)) cannot be read. Give the project a backbone again with "
                + "'spotter project set'.")
    }
}

/// Backbones in a folder of the data directory.
package struct BackboneFolder: BackboneStore {
    private let path: String
    private let pool: NIOThreadPool

    /// - Parameter path: made by the first `add`; need not exist before.
    package init(path: String, pool: NIOThreadPool = .singleton) {
        self.path = path
        self.pool = pool
    }

    /// Path of the file.
    package func place(_ name: String) -> String { "\(path)/\(name).onnx" }

    /// Blocks a thread of the pool, not the caller's.
    package func bytes(_ name: String) async throws -> Data {
        let place = place(name)
        do {
            return try await pool.runIfActive { try BackboneSource.bytes(place) }
        } catch is VisionError {
            throw missing(name)
        }
    }

    /// Skips a file that is there: the name is the SHA-256 of the bytes.
    package func add(_ bytes: Data, name: String) async throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard !FileManager.default.fileExists(atPath: place(name)) else { return }
        try DurableFile.write(bytes, to: place(name))
    }
}

/// Backbones in the state bucket of a cluster.
package struct BackboneBucket: BackboneStore {
    private let state: StateBucket

    /// The bucket is made by the first `add`.
    package init(state: StateBucket) { self.state = state }

    private func key(_ name: String) -> String { "backbones/\(name).onnx" }

    /// URI of the object in the state bucket.
    package func place(_ name: String) -> String { state.location(key(name)).uri }

    /// Reads the whole object; up to `BackboneSource.bytesMax` bytes.
    package func bytes(_ name: String) async throws -> Data {
        do {
            return try await state.get(key(name), bytesMax: BackboneSource.bytesMax)
        } catch let error as StorageError
            where [.noSuchObject, .noSuchBucket, .tooLarge].contains(error.code)
        {
            throw missing(name)
        }
    }

    /// Writes the object even if it exists, which repairs a damaged one.
    package func add(_ bytes: Data, name: String) async throws {
        let location = state.location(key(name))
        if try await !state.objects.bucketExists(location.bucket) {
            try await state.objects.createBucket(location.bucket)
        }
        // What an older program left unfinished or damaged is made whole.
        try await state.objects.put(.bytes(bytes), at: location)
    }
}
