import Base
import Cloud
package import FoundationEssentials
import Glibc
import NIOPosix
import Service
import Storage
import Vision
import Wire

/// Looks at a server's set-up from beside it: nothing is changed but a small file or object that is
/// written and removed again, and no lock is taken.
package struct Doctor: Sendable {
    /// Small enough to try each time, large enough not to be lost in a header.
    static let probeBytes = 4096
    /// Round trips, of which the median counts.
    private static let roundTrips = 5

    let stores: Stores
    private let backbone: BackboneChoice
    private let environment: [String: String]
    let now: @Sendable () -> Date

    var configuration: StoresConfiguration { stores.configuration }

    private init(
        stores: Stores, backbone: BackboneChoice, environment: [String: String],
        now: @escaping @Sendable () -> Date
    ) {
        self.stores = stores
        self.backbone = backbone
        self.environment = environment
        self.now = now
    }

    /// Examines a set-up beside its servers, which may be running.
    ///
    /// - Parameters:
    ///   - backbone: What `--backbone` says.
    ///   - environment: `SPOTTER_ONNX_RUNTIME` is read, and AWS' variables.
    ///   - isDeep: Whether everything that is kept is read and compared with its checksums.
    ///   - now: This machine's clock, which the others are compared with.
    /// - Returns: All findings, in the order in which one depends on another.
    /// - Throws: when connections cannot be closed; what is found out is never thrown.
    package static func examine(
        _ configuration: StoresConfiguration, backbone: BackboneChoice = .standard,
        environment: [String: String], isDeep: Bool = false,
        now: @escaping @Sendable () -> Date = { Date() }
    ) async throws -> [Finding] {
        try await Stores.withStores(
            beside: configuration, environment: environment, policy: policy
        ) { stores in
            await Doctor(stores: stores, backbone: backbone, environment: environment, now: now)
                .findings(isDeep: isDeep)
        }
    }

    /// Somebody waits for the answer, so another S3 is asked twice at most.
    private static var policy: RetryPolicy {
        var policy = RetryPolicy()
        policy.attemptsMax = 2
        policy.totalSecondsMax = 10
        return policy
    }

    private func findings(isDeep: Bool) async -> [Finding] {
        var findings = await blocking("installation") { installation() }
        findings += await blocking("data directory") { dataDirectory() }
        let (objects, aboutObjects) = await objects()
        findings += aboutObjects
        let (metadata, aboutDatabase) = await database()
        findings += aboutDatabase
        if let metadata { findings += await rows(metadata, objects) }
        if isDeep { findings += await bytes(metadata) }
        return findings
    }

    func blocking(_ check: String, _ body: @escaping @Sendable () throws -> [Finding]) async
        -> [Finding]
    {
        do {
            return try await stores.pool.runIfActive(body)
        } catch {
            return [.failed(check, "\(error)", do: "Mend what the message names.")]
        }
    }

    // MARK: The machine

    private func installation() -> [Finding] {
        let installation: Installation
        do {
            installation = try Installation.find(environment: environment)
        } catch {
            return [
                .failed("installation", "\(error)", do: "Install Spotter with 'make install'.")
            ]
        }
        var findings: [Finding] = []
        do {
            let runtime = try OnnxRuntime(library: installation.runtimePath)
            findings.append(
                .ok("ONNX Runtime", "\(runtime.version) at \(installation.runtimePath)"))
        } catch {
            findings.append(
                .failed(
                    "ONNX Runtime", "\(error)",
                    do: "Run scripts/setup, or set SPOTTER_ONNX_RUNTIME to libonnxruntime.so."))
        }
        do {
            let network = try installation.backbone(backbone)
            findings.append(
                .ok("backbone", "\(network.identifier) at \(installation.path(of: backbone))"))
        } catch {
            findings.append(
                .failed("backbone", "\(error)", do: "Give --backbone another file, or none."))
        }
        return findings
    }

    private func dataDirectory() -> [Finding] {
        let path = configuration.dataDirectory
        guard let facts = FileStatus(path: path) else {
            return [
                .warning(
                    "data directory", "\(path) does not exist yet",
                    do: "Start 'spotter serve', which makes it, or give its --data-directory.")
            ]
        }
        guard facts.isFolder else {
            return [
                .failed(
                    "data directory", "\(path) is not a folder",
                    do: "Give another --data-directory.")
            ]
        }
        var findings = [probe(path, "data directory")]
        var space = statvfs()
        if statvfs(path, &space) == 0 {
            let free = Int(space.f_bavail).multipliedReportingOverflow(by: Int(space.f_frsize))
            findings.append(
                Diagnosis.space(freeBytes: free.overflow ? .max : free.partialValue, at: path))
        }
        if let key = FileStatus(at: "\(path)/credentials"), key.mode & 0o077 != 0 {
            findings.append(
                .warning(
                    "root key", "\(path)/credentials may be read by others than its owner",
                    do: "chmod 600 \(path)/credentials"))
        }
        return findings
    }

    /// Whether a file can be written in a folder.
    func probe(_ folder: String, _ check: String) -> Finding {
        let path = "\(folder)/.spotter-doctor-\(UUID.random().uuidString)"
        defer { unlink(path) }
        do {
            let file = try OpenFile.creating(path, mode: 0o600)
            try file.append(Data(repeating: 0x2A, count: Self.probeBytes))
            try file.sync()
            return .ok(check, "\(folder) can be written")
        } catch {
            return .failed(
                check, "\(error)",
                do: "Let the user who runs the server write there, and see that the disk is sound.")
        }
    }

    // MARK: The database

    private func database() async -> ((any MetadataStore)?, [Finding]) {
        let schema: SchemaState
        let path = DataDirectory.database(configuration.dataDirectory)
        do {
            switch configuration.metadata {
            case .embedded:
                guard FileStatus(at: path) != nil else {
                    return (
                        nil,
                        [
                            .warning(
                                "database", "there is no \(path) yet",
                                do: "Start 'spotter serve' once, or give its --metadata.")
                        ]
                    )
                }
                if let moved = MovedRows.sentence(configuration.dataDirectory) {
                    let remedy = MovedRows.remedy(configuration.dataDirectory)
                    return (nil, [.failed("database", moved, do: remedy)])
                }
                schema = try await stores.pool.runIfActive { try SQLiteFile.schema(path) }
            case .postgreSQL(let url):
                schema = try await stores.pool.runIfActive {
                    try PostgreSQLStore.schema(url: url)
                }
            }
        } catch {
            return (
                nil,
                [
                    .failed(
                        "database", "\(error)",
                        do: configuration.metadata.isOneServersOwn
                            ? "Restore the data directory from a backup."
                            : "See that PostgreSQL runs and takes this user: address, password, "
                                + "pg_hba.conf, sslmode.")
                ]
            )
        }
        let about = Diagnosis.schema(
            schema, isShared: !configuration.metadata.isOneServersOwn)
        // Opening it would change it.
        guard schema.missing.isEmpty else { return (nil, [about]) }
        do {
            let store = try stores.metadata()
            return (store, try await [about] + answers(store))
        } catch {
            return (
                nil, [about, .failed("database", "\(error)", do: "Mend what the message names.")]
            )
        }
    }

    /// How quickly the database answers, and what time it is there.
    private func answers(_ store: any MetadataStore) async throws -> [Finding] {
        // The first call opens the connection.
        _ = try await store.read { try $0.now() }
        var trips: [(seconds: Double, ahead: Double)] = []
        for _ in 0..<Self.roundTrips {
            let (before, start) = (now(), ContinuousClock.now)
            let there = try await store.read { try $0.now() }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            trips.append((seconds, there.timeIntervalSince(before) - seconds / 2))
        }
        trips.sort { $0.seconds < $1.seconds }
        let (quickest, median) = (trips[0], trips[trips.count / 2])
        let findings = [Diagnosis.roundTrip(milliseconds: median.seconds * 1000)]
        guard !configuration.metadata.isOneServersOwn else { return findings }
        return findings + [
            Diagnosis.clock(
                of: "the database", aheadBy: quickest.ahead, uncertainty: quickest.seconds / 2)
        ]
    }

    private struct Rows: Sendable {
        let members: [MemberRecord]
        let counts: [JobCount]
        let running: [JobRecord]
        let failed: [JobRecord]
        let staged: [StagedObject]
        let hosted: [ModelRecord]
    }

    private func rows(_ metadata: any MetadataStore, _ objects: (any ObjectStore)?) async
        -> [Finding]
    {
        let time = now()
        let limit = Limits.stagedObjectsPage
        do {
            let rows = try await metadata.read { transaction in
                Rows(
                    members: try transaction.members(
                        seenSince: time.addingTimeInterval(-Limits.memberGoneSeconds)),
                    counts: try transaction.countJobs(), running: try transaction.runningJobs(),
                    failed: try transaction.failedJobs(
                        since: time.addingTimeInterval(-86_400), limit: limit),
                    // What a server at work finds at its next round is not late yet.
                    staged: try transaction.stagedObjects(
                        createdBefore: time.addingTimeInterval(
                            -Limits.stagedObjectSeconds - 2 * Limits.tidySeconds),
                        limit: limit),
                    hosted: try transaction.models(status: .hosted))
            }
            return Diagnosis.members(rows.members, version: SpotterVersion.current)
                + Diagnosis.jobs(
                    counts: rows.counts, running: rows.running, failed: rows.failed,
                    members: rows.members, now: time)
                + [
                    Diagnosis.staged(rows.staged, limit: limit),
                    try await hosted(rows.hosted, objects),
                ]
        } catch {
            return [.failed("rows", "\(error)", do: "Mend what the message names.")]
        }
    }

    private func hosted(_ models: [ModelRecord], _ objects: (any ObjectStore)?) async throws
        -> Finding
    {
        var without: [String] = []
        for model in models {
            guard try await !hasFiles(model, objects) else { continue }
            without.append("\(model.project)/\(model.version)")
        }
        return Diagnosis.hosted(without: without, of: models.count)
    }

    private func hasFiles(_ model: ModelRecord, _ objects: (any ObjectStore)?) async throws -> Bool
    {
        guard let bucket = configuration.stateBucket else {
            let root = configuration.dataDirectory
            return ModelLibrary.keys(of: model, prefix: "").allSatisfy {
                FileStatus(at: "\(root)/\(DataDirectory.modelPath($0))")?.isFile ?? false
            }
        }
        // What is wrong with the bucket itself has been reported already.
        guard let objects else { return true }
        for key in ModelLibrary.keys(of: model, prefix: ModelLibrary.sharedPrefix) {
            if try await objects.head(ObjectLocation(bucket: bucket, key: key)) == nil {
                return false
            }
        }
        return true
    }
}
