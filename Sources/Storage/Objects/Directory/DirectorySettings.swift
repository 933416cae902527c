import Base
package import FoundationEssentials
import Synchronization

/// The configurations of buckets, as bytes that the caller understands.
extension DirectoryStore {
    /// What `changeSettings` last kept with a bucket.
    ///
    /// - Returns: nil for a bucket without.
    /// - Throws: `noSuchBucket`, `unavailable`, `invalidName` for a link in their place.
    package func settings(_ bucket: String) async throws -> Data? {
        try await run { try Self.settings(try BucketFolder(bucket, root: self.root)) }
    }

    /// Changes a bucket's configuration, durably; one change after another.
    ///
    /// - Parameter change: is given what was kept, and returns at most
    ///   `DirectoryLimits.settingsBytesMax`; nil for none. A link in the place of the configuration
    ///   is replaced and not read.
    /// - Throws: `noSuchBucket`, `tooLarge`, `unavailable`, and what `change` throws.
    package func changeSettings(
        of bucket: String, _ change: @escaping @Sendable (Data?) throws -> Data?
    ) async throws {
        try await run {
            let folder = try BucketFolder(bucket, root: self.root)
            try self.settingsChange.withLock { _ in
                var before: Data?
                do throws(StorageError) {
                    before = try Self.settings(folder)
                } catch {
                    guard error.code == .invalidName else { throw error }
                }
                try Self.keep(try change(before), folder)
            }
        }
    }

    private static func settings(_ folder: BucketFolder) throws(StorageError) -> Data? {
        try folder.below(BucketFolder.settingsName) {
            try folder.folder.contents(
                BucketFolder.settingsName, bytesMax: DirectoryLimits.settingsBytesMax)
        }
    }

    private static func keep(_ settings: Data?, _ folder: BucketFolder) throws(StorageError) {
        let name = BucketFolder.settingsName
        guard let settings else {
            try folder.below(name) { try folder.folder.remove(name) }
            folder.folder.sync()
            return
        }
        guard settings.count <= DirectoryLimits.settingsBytesMax else {
            throw StorageError(
                .tooLarge,
                "The configuration of \(folder.name) has \(settings.count) bytes; at most "
                    + "\(DirectoryLimits.settingsBytesMax) are allowed.")
        }
        try folder.below(name) { try folder.folder.write(settings, as: name) }
    }
}
