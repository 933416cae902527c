import Base
package import FoundationEssentials
package import Service
import Storage

/// The audit lines of a server, or of all servers that share a state bucket, for a command beside
/// them.
package struct AuditTrail: Sendable {
    private let stores: Stores
    private let kind: AuditFiles.Kind
    private let reader: AuditReader

    /// - Parameters:
    ///   - stores: those of the servers.
    ///   - kind: unverified calls are those of one server, on whose disk they stay.
    ///   - since: Calls made at this second or later; nil for all.
    ///   - until: Calls made before this second; nil for all.
    package init(
        _ stores: Stores, _ kind: AuditFiles.Kind = .audit, since: Date?, until: Date?
    ) {
        self.stores = stores
        self.kind = kind
        reader = AuditReader(since: since, until: until)
    }

    /// Hands out the lines in the order of time.
    ///
    /// - Parameter emit: receives each line, with its newline.
    /// - Throws: `AdministrationError` when there is no audit log in the data directory,
    ///   `StorageError` when the bucket cannot be read, and what `emit` throws.
    package func read(_ emit: (Data) throws -> Void) async throws {
        if kind == .audit, let bucket = stores.configuration.stateBucket {
            return try await reader.read(stores.buckets().objects, bucket: bucket, emit)
        }
        let path = stores.configuration.dataDirectory
        let folder = DataDirectory.audit(path)
        guard FileStatus(path: folder) != nil else {
            throw AdministrationError(
                "\(path) has no audit log. Give the folder that 'spotter serve' was started with "
                    + "as --data-directory, or its --state-bucket if it had one.")
        }
        try reader.read(directory: folder, kind, emit)
    }
}
