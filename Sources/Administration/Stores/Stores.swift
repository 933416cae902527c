package import Cloud
package import FoundationEssentials
package import Logging
package import NIOPosix
import Service
package import Storage
import Synchronization

/// The stores of one installation: rows, objects, state, models, backbones and components.
///
/// Each is opened when it is first asked for, and all are closed in one place, `close()`. A server
/// or worker holds its data directory; a command works beside servers that may be running:
///
///     try await Stores.withStores(beside: configuration, environment: environment) { stores in
///         try await UserRegistry(stores).all()
///     }
///
/// - Warning: Values taken from here must not be used after `close()`.
package final class Stores: Sendable {
    /// The buckets of users, in the form in which requests of S3 are answered from them.
    package enum Buckets: Sendable {
        case directory(DirectoryStore)
        /// The store has all buckets of the peer, the state bucket among them.
        case s3(peer: S3Peer, store: S3Store)

        /// All buckets as a store.
        var objects: any ObjectStore {
            switch self {
            case .directory(let store): store
            case .s3(_, let store): store
            }
        }
    }

    /// What was opened so far.
    struct Opened {
        var isClosed = false
        var cloud: CloudServices?
        var metadata: (any MetadataStore)?
        var buckets: Buckets?
        var files: DirectoryStore?
        var registry: DirectoryRegistry?
    }

    /// What was asked for.
    package let configuration: StoresConfiguration
    /// nil beside servers that may be running.
    let directory: DataDirectory?
    /// Where blocking calls of the stores run.
    package let pool: NIOThreadPool
    let environment: [String: String]
    let policy: RetryPolicy
    /// The clock that times in rows and of files come from.
    package let now: @Sendable () -> Date
    let logger: Logger
    private let opened = Mutex(Opened())

    private init(
        _ configuration: StoresConfiguration, _ directory: DataDirectory?,
        environment: [String: String], threads: Int, policy: RetryPolicy,
        now: @escaping @Sendable () -> Date, logger: Logger
    ) {
        self.configuration = configuration
        self.directory = directory
        self.environment = environment
        self.policy = policy
        self.now = now
        self.logger = logger
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
    }

    // MARK: Opening and closing

    /// Takes the data directory for this process, which makes it when it is missing and empties its
    /// temporary folder. The caller ends with `close()`, also after an error.
    ///
    /// - Parameters:
    ///   - environment: AWS' variables are read where objects are in another S3.
    ///   - threads: Blocking calls that may run at the same time.
    /// - Throws: `AdministrationError` when another process holds the data directory, when it
    ///   cannot be written, or when its rows were moved to another database.
    package static func holding(
        _ configuration: StoresConfiguration, environment: [String: String], threads: Int,
        now: @escaping @Sendable () -> Date = { Date() }, logger: Logger
    ) throws -> Stores {
        let directory = try DataDirectory(path: configuration.dataDirectory)
        if configuration.metadata == .embedded { try MovedRows.check(directory.path) }
        return Stores(
            configuration, directory, environment: environment, threads: threads,
            policy: RetryPolicy(), now: now, logger: logger)
    }

    /// Runs `body` with stores that this process holds, and closes them whatever comes of it.
    ///
    /// - Throws: as `holding`, and what `body` throws.
    package static func withStores<Value>(
        holding configuration: StoresConfiguration, environment: [String: String],
        threads: Int = OperatingLimits.commandThreads,
        now: @escaping @Sendable () -> Date = { Date() }, logger: Logger = Stores.silent,
        _ body: (Stores) async throws -> Value
    ) async throws -> Value {
        try await closing(
            try holding(
                configuration, environment: environment, threads: threads, now: now,
                logger: logger), body)
    }

    /// Runs `body` with stores that servers may be using, and closes them whatever comes of it.
    /// Nothing is opened or looked for before `body` asks for it.
    ///
    /// - Parameters:
    ///   - environment: AWS' variables are read where objects are in another S3.
    ///   - threads: Blocking calls that may run at the same time.
    ///   - policy: How calls to another S3 are repeated.
    /// - Throws: what `body` throws.
    package static func withStores<Value>(
        beside configuration: StoresConfiguration, environment: [String: String],
        threads: Int = OperatingLimits.commandThreads, policy: RetryPolicy = RetryPolicy(),
        now: @escaping @Sendable () -> Date = { Date() }, logger: Logger = Stores.silent,
        _ body: (Stores) async throws -> Value
    ) async throws -> Value {
        try await closing(
            Stores(
                configuration, nil, environment: environment, threads: threads, policy: policy,
                now: now, logger: logger), body)
    }

    /// For commands that report errors by themselves.
    package static var silent: Logger {
        Logger(label: "spotter.stores") { _ in SwiftLogNoOpLogHandler() }
    }

    private static func closing<Value>(
        _ stores: Stores, _ body: (Stores) async throws -> Value
    ) async throws -> Value {
        let value: Value
        do {
            value = try await body(stores)
        } catch {
            // The first error says more than what comes of closing after it.
            try? await stores.close()
            throw error
        }
        try await stores.close()
        return value
    }

    /// Lets go of the databases, ends connections and threads, and gives up the data directory.
    /// Later calls of this value throw; calling it twice does nothing more.
    ///
    /// - Throws: the first error, after everything was closed.
    package func close() async throws {
        let cloud: CloudServices?? = opened.withLock { opened in
            guard !opened.isClosed else { return nil }
            defer { opened = Opened(isClosed: true) }
            return .some(opened.cloud)
        }
        guard let cloud else { return }
        let connections = await Result { try await cloud?.shutDown() }
        let threads = await Result { try await pool.shutdownGracefully() }
        directory?.release()
        try connections.get()
        try threads.get()
    }

    /// Opens a store at the first call, and returns the same at later ones.
    func once<Value: Sendable>(
        _ member: WritableKeyPath<Opened, Value?>, _ open: () throws -> Value
    ) throws -> Value {
        let known = try opened.withLock { opened in
            guard !opened.isClosed else {
                throw AdministrationError("The stores were closed already.")
            }
            return opened[keyPath: member]
        }
        if let known { return known }
        let value = try open()
        return opened.withLock { opened in
            let first = opened[keyPath: member] ?? value
            opened[keyPath: member] = first
            return first
        }
    }
}

extension Result where Failure == any Error {
    /// Keeps what `body` returns or throws.
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
