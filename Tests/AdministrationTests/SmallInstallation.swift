import Administration
import Base
import FoundationEssentials
import GRDB
import Service
import Storage
import TestSupport
import Wire

/// A data directory as a server leaves it: a project with a trained model of small files, a
/// component, and buckets with an object that Spotter wrote and one that was put there by hand.
struct SmallInstallation {
    static let component = EdgeAgentComponent.name

    let folder: TemporaryDirectory
    let configuration: StoresConfiguration

    /// The data directory.
    var path: String { configuration.dataDirectory }

    init() async throws {
        folder = try TemporaryDirectory()
        configuration = StoresConfiguration(
            dataDirectory: "\(folder.path)/data", region: "us-east-1", accountID: "000000000000")
        let bundle = try Self.bundle("\(folder.path)/bundle")
        try await Stores.withStores(holding: configuration, environment: [:]) { stores in
            _ = try await stores.held().rootCredentials(
                environment: [:], region: "us-east-1", sharedThrough: nil)
            try await Self.addModel(stores, "parts", 1)
            let objects = try stores.objects()
            for bucket in ["letters", "empty"] { try await objects.createBucket(bucket) }
            try await objects.put(
                .bytes(Data("by S3".utf8)), at: ObjectLocation(bucket: "letters", key: "a/ä.txt"))
            _ = try await EdgeAgentRelease(
                bundle: bundle, architecture: "amd64", name: Self.component, version: "0.1.0",
                bucket: "agents"
            ).publish(stores)
        }
        try write("by hand", "buckets/letters/hand.txt")
        try makeFolder("audit")
    }

    /// The stores, as a command beside a server has them.
    func beside<Value>(_ body: (Stores) async throws -> Value) async throws -> Value {
        try await Stores.withStores(beside: configuration, environment: [:], body)
    }

    /// A model with its files and its row, as training leaves them.
    static func addModel(_ stores: Stores, _ project: String, _ version: Int) async throws {
        let model = SmallModel.bytes("\(project)-\(version)")
        let manifest = try SmallModel.manifest(
            arn: "arn", project: project, version: version, model: model)
        let library = try stores.models()
        let files = try await library.save(
            manifest, model: model, project: project, version: version, attempt: "attempt")
        let state = try stores.state()
        let now = stores.now()
        try await stores.metadata().write { transaction in
            if try transaction.project(project) == nil {
                try transaction.save(ProjectRecord(name: project, created: now))
            }
            var record = ModelRecord(
                project: project, version: version, created: now, description: nil,
                output: S3Location(bucket: "letters", prefix: nil), kmsKeyID: nil)
            record.status = .trained
            record.files = files
            try state.adopt(library.keys(of: record), transaction)
            try transaction.save(record)
        }
    }

    /// Removes a model with its files, as the service does it.
    static func removeModel(_ stores: Stores, _ project: String, _ version: Int) async throws {
        let (library, state) = (try stores.models(), try stores.state())
        let keys = try await stores.metadata().write { transaction in
            guard let record = try transaction.model(project, version) else { return [String]() }
            let keys = library.keys(of: record)
            try state.disown(keys, transaction)
            try transaction.removeModel(project, version)
            return keys
        }
        await state.discard(keys)
    }

    /// Files that pass for a bundle of the agent.
    private static func bundle(_ path: String) throws -> String {
        // The first bytes of an ELF file; byte 18 names the processor.
        var program = Data([0x7F, 0x45, 0x4C, 0x46] + [UInt8](repeating: 0, count: 60))
        program[18] = 62
        for (folder, name) in [("bin", "spotter-edge"), ("lib/spotter", "libonnxruntime.so")] {
            try FileManager.default.createDirectory(
                atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
            try program.write(to: URL(filePath: "\(path)/\(folder)/\(name)"))
        }
        return path
    }

    // MARK: Files

    func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(
            atPath: "\(path)/\(name)", withIntermediateDirectories: true)
    }

    func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
    }

    /// - Returns: the backup's folder.
    func backup(
        _ name: String = "backup", copies: Bool = false, auditLog: Bool = false
    ) async throws -> TestBackup {
        var options = Backup.Options()
        options.copiesAll = copies
        options.hasAuditLog = auditLog
        let backup = TestBackup(path: "\(folder.path)/\(name)")
        _ = try await Backup.make(
            dataDirectory: path, to: backup.path, options: options, progress: { _ in })
        return backup
    }

    /// - Returns: what was left out.
    @discardableResult
    func restore(
        _ backup: TestBackup, to name: String = "again", leavesOut: Bool = false
    ) async throws -> [String] {
        try await Restore.run(
            from: backup.path, to: "\(folder.path)/\(name)", leavesOutDamagedObjects: leavesOut,
            progress: { _ in }
        ).leftOut
    }

    func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder.path)/\(name)")
    }
}

/// Paths below `folder` of all files and links.
func filesBelow(_ folder: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder).filter {
        FileStatus(at: "\(folder)/\($0)")?.isFolder == false
    }.sorted()
}

/// The first file of that name's end.
func file(_ suffix: String, below folder: String) throws -> String {
    guard let found = try filesBelow(folder).first(where: { $0.hasSuffix(suffix) }) else {
        throw AdministrationError("no \(suffix) below \(folder)")
    }
    return found
}

/// How many names a file has.
func names(of path: String) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: path)[.referenceCount] as? Int ?? 0
}

/// Changes a database behind the back of its server.
func change(_ database: String, _ statements: String) throws {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    try DatabaseQueue(path: database, configuration: configuration).write {
        try $0.execute(sql: statements)
    }
}
