package import FoundationEssentials
import NIOPosix
import Synchronization

/// An object on its way, or a part of one: its bytes go into a temporary file of the bucket and
/// are seen only when it is finished.
///
/// One caller writes at a time. An upload that is let go without an end leaves nothing.
package final class ObjectUpload: Sendable {
    /// Which part of which multipart upload it becomes.
    struct Part {
        let uploadID: String
        let number: Int
    }

    private let store: DirectoryStore
    private let location: ObjectLocation
    private let part: Part?
    /// Nil when the upload is over.
    private let file: Mutex<TemporaryFile?>

    init(
        _ store: DirectoryStore, _ file: TemporaryFile, _ location: ObjectLocation, part: Part?
    ) {
        self.store = store
        self.location = location
        self.part = part
        self.file = Mutex(file)
    }

    deinit {
        guard let file = file.withLock({ $0 }) else { return }
        // To remove a large file takes a while. A pool that is down calls back at once.
        store.pool.submit { _ in file.discard() }
    }

    /// - Throws: `unavailable`, also when the upload is over.
    package func write(_ bytes: Data) async throws {
        try await store.run {
            try self.file.withLock { file in
                guard file != nil else { throw self.isOver }
                try file?.append(bytes)
            }
        }
    }

    /// Makes it an object, durably, whose ETag is the MD5; or the part, of which only checksums and
    /// ETag are kept. Whatever is thrown, the upload is over.
    ///
    /// - Throws: `preconditionFailed`, `noSuchObject` when the condition does not hold, `tooLarge`
    ///   for too many attributes, `invalidName` when a folder or an object is in the way,
    ///   `noSuchBucket`, `noSuchUpload` when it was deleted, aborted or completed meanwhile.
    package func finish(
        headers: [String: String] = [:], userMetadata: [String: String] = [:],
        checksums: [String: String] = [:], checksumType: String? = nil,
        storageClass: String? = nil, tags: [ObjectTag]? = nil, condition: WriteCondition = .none
    ) async throws -> StoredObject {
        try await store.run {
            let taken = self.file.withLock { file in
                defer { file = nil }
                return file
            }
            guard let taken else { throw self.isOver }
            defer { taken.discard() }
            let attributes = ObjectAttributes(
                etag: taken.md5 ?? "", headers: headers, userMetadata: userMetadata,
                checksums: checksums, checksumType: checksumType, storageClass: storageClass,
                tags: tags)
            guard let part = self.part else {
                return try self.store.commit(
                    taken, attributes, at: self.location, condition: condition)
            }
            return try self.store.commit(taken, attributes, as: part, of: self.location)
        }
    }

    /// Ends the upload without an object.
    package func discard() async {
        let taken = file.withLock { file in
            defer { file = nil }
            return file
        }
        guard let taken else { return }
        try? await store.run { taken.discard() }
    }

    private var isOver: StorageError {
        StorageError(.unavailable, "The upload of \(location) is over.")
    }
}
