package import Access
import Base
import Cloud
import FoundationEssentials
import Glibc
import Service
package import Storage
import Synchronization
import Vision

/// The folder with everything that a server keeps, held by one process at a time.
package final class DataDirectory: Sendable {
    /// As it was configured; the files that the server keeps are below it.
    package let path: String
    /// nil after `release()`.
    private let lock: Mutex<Int32?>

    /// Makes the folder when it is missing, takes its lock and empties `temporary`.
    ///
    /// - Throws: `AdministrationError` when the folder cannot be made or written, or another
    ///   process holds it.
    package init(path: String) throws {
        self.path = path
        do {
            let isNew = FileStatus(path: path) == nil
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
            // Secret keys, pictures and models are for nobody else on this machine.
            if isNew { chmod(path, 0o700) }
        } catch {
            throw AdministrationError(
                "The data directory \(path) cannot be made: \(String(cString: strerror(errno))).")
        }
        let file = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw AdministrationError(
                "The data directory \(path) cannot be written: \(String(cString: strerror(errno)))."
            )
        }
        lock = Mutex(file)
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            throw AdministrationError(
                "The data directory \(path) is in use by another Spotter. Stop that one, or give "
                    + "this one a --data-directory of its own.")
        }
        try prepareTemporaryDirectory()
    }

    deinit { release() }

    /// Lets other processes take the data directory; calling it twice does nothing more.
    package func release() {
        lock.withLock { file in
            if let file { close(file) }
            file = nil
        }
    }

    static let databaseName = "spotter.sqlite"

    /// File of the embedded database.
    package var database: String { Self.database(path) }
    /// Folder whose folders are the buckets of users.
    package var buckets: String { Self.buckets(path) }
    /// Folder of the bucket `modelsBucket`.
    package var models: String { Self.models(path) }
    /// Folder of the audit log's files.
    package var audit: String { Self.audit(path) }
    /// Folder for files on their way, emptied when the data directory is taken.
    package var temporary: String { "\(path)/temporary" }
    /// File with the root key, in the format of AWS' credentials files.
    package var credentials: String { Self.credentials(path) }

    /// Name of the bucket that has the files of one server's models.
    package static let modelsBucket = "models"
    /// Name of the setting with the root key of servers that share a database.
    static let rootKeySetting = "root-credentials"
    /// Name of the setting with the key of page tokens, which each database makes for itself.
    package static let pageTokenSetting = "page-token-key"

    /// A server that began empty beside the models of its users would look as if all was lost.
    ///
    /// - Throws: `AdministrationError` when there are models and the database is gone.
    func checkRows() throws {
        guard FileStatus(at: database) == nil else { return }
        let bucket = "\(models)/\(Self.modelsBucket)"
        let kept = (try? FileManager.default.contentsOfDirectory(atPath: bucket)) ?? []
        guard kept.contains(where: { !$0.hasPrefix(".") }) else { return }
        throw AdministrationError(
            "The database \(database) is gone, but its models are in \(bucket). Put the file back, "
                + "restore a backup into another folder, or move \(path) away to begin anew.")
    }

    static func models(_ path: String) -> String { "\(path)/internal" }

    /// A model's manifest, read without a store: opening one would tidy up under a running server.
    ///
    /// - Returns: nil for a model without files.
    static func manifest(beside path: String, _ model: ModelRecord) -> ModelManifest? {
        let bytes = ModelLibrary.keys(of: model, prefix: "").first.flatMap {
            FileManager.default.contents(atPath: "\(models(path))/\(modelsBucket)/\($0)")
        }
        return bytes.flatMap { try? ModelManifest(decoding: $0) }
    }

    static func database(_ path: String) -> String { "\(path)/\(databaseName)" }

    static func credentials(_ path: String) -> String { "\(path)/credentials" }

    static func audit(_ path: String) -> String { "\(path)/audit" }

    static func buckets(_ path: String) -> String { "\(path)/buckets" }

    static func greengrass(_ path: String) -> String { "\(path)/greengrass" }

    static func backbones(_ path: String) -> String { "\(path)/backbones" }

    private func prepareTemporaryDirectory() throws {
        do {
            try? FileManager.default.removeItem(atPath: temporary)
            try FileManager.default.createDirectory(
                atPath: temporary, withIntermediateDirectories: true)
        } catch {
            throw AdministrationError(
                "The data directory \(path) cannot be written: \(String(cString: strerror(errno)))."
            )
        }
    }

    /// The root key: the environment's, else the one in `credentials`, which the first start makes.
    ///
    /// - Parameters:
    ///   - environment: `SPOTTER_ACCESS_KEY_ID` and `SPOTTER_SECRET_ACCESS_KEY` are read.
    ///   - region: written into the file too, where clients look for it.
    ///   - metadata: where servers that share everything find the key of the first of them; the
    ///     file follows it. nil for a server of its own.
    /// - Returns: the key, and the file that has it; nil when it came from the environment.
    /// - Throws: `AdministrationError` for variables that are not a key or not both set, or a file
    ///   that cannot be read as one; `StorageError` when the database or the file fails.
    package func rootCredentials(
        environment: [String: String], region: String,
        sharedThrough metadata: (any MetadataStore)?
    ) async throws -> (credentials: Credentials, file: String?) {
        switch (environment["SPOTTER_ACCESS_KEY_ID"], environment["SPOTTER_SECRET_ACCESS_KEY"]) {
        case (.some(let id), .some(let secret)):
            guard (16...128).contains(id.utf8.count), !id.contains("/"), secret.utf8.count >= 16
            else {
                throw AdministrationError(
                    "SPOTTER_ACCESS_KEY_ID must have 16 to 128 characters without a slash, "
                        + "SPOTTER_SECRET_ACCESS_KEY at least 16.")
            }
            return (Credentials(accessKeyID: id, secretAccessKey: secret), nil)
        case (nil, nil):
            let own = try storedCredentials()
            guard let metadata else {
                if let own { return (own, credentials) }
                return (try store(Self.fresh(), region: region), credentials)
            }
            let offered = Self.text(own ?? Self.fresh(), region: region)
            let shared = try await metadata.write {
                try $0.setting(Self.rootKeySetting, orElse: Data(offered.utf8))
            }
            let key = try Self.parse(
                String(decoding: shared, as: UTF8.self), path: "The root key in the database")
            return (try store(key, region: region), credentials)
        default:
            throw AdministrationError(
                "SPOTTER_ACCESS_KEY_ID and SPOTTER_SECRET_ACCESS_KEY must be set together.")
        }
    }

    private static func fresh() -> Credentials {
        var random = SystemRandomNumberGenerator()
        return Credentials.generate(using: &random)
    }

    private static func text(_ key: Credentials, region: String) -> String {
        """
        [default]
        aws_access_key_id = \(key.accessKeyID)
        aws_secret_access_key = \(key.secretAccessKey)
        region = \(region)

        """
    }

    /// - Returns: nil when there is no file.
    private func storedCredentials() throws -> Credentials? {
        guard let bytes = try? Data(contentsOf: URL(filePath: credentials)) else { return nil }
        return try Self.parse(String(decoding: bytes, as: UTF8.self), path: credentials)
    }

    private func store(_ key: Credentials, region: String) throws -> Credentials {
        let text = Data(Self.text(key, region: region).utf8)
        if (try? Data(contentsOf: URL(filePath: credentials))) != text {
            try DurableFile.write(text, to: credentials, mode: 0o600)
        }
        return key
    }

    private static func parse(_ text: String, path: String) throws -> Credentials {
        let sections = ProfileFile.sections(of: text)
        let values = sections["default"] ?? sections[ProfileFile.headless] ?? [:]
        guard let id = values["aws_access_key_id"], let secret = values["aws_secret_access_key"]
        else {
            throw AdministrationError(
                "\(path) needs aws_access_key_id and aws_secret_access_key. Mend it, or remove it "
                    + "to get a new key.")
        }
        return Credentials(accessKeyID: id, secretAccessKey: secret)
    }
}
