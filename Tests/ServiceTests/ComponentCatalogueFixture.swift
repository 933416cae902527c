import Access
import Base
import FoundationEssentials
import NIOPosix
import Service
import Storage
import TestSupport
import Testing

/// A registry of one kind, and what it works with.
struct ComponentCatalogueFixture {
    enum Kind: CaseIterable {
        /// Files of one server.
        case directory
        /// Rows and objects of a cluster.
        case stored
    }

    let kind: Kind
    let directory: TemporaryDirectory
    let clock: ManualClock
    /// Where users have their artifacts.
    let objects: FaultyObjectStore
    /// Where a cluster keeps them.
    let stateObjects: FaultyObjectStore
    let metadata: SQLiteStore
    let pool: NIOThreadPool
    let arns = ARNs(region: "us-east-1", account: "123456789012")
    let registry: any ComponentCatalogue

    static let stateBucket = "spotter-state"

    init(_ kind: Kind) throws {
        self.kind = kind
        directory = try TemporaryDirectory()
        clock = ManualClock()
        pool = NIOThreadPool(numberOfThreads: 4)
        pool.start()
        let root = directory.path
        objects = FaultyObjectStore(try DirectoryStore(root: "\(root)/buckets", pool: pool))
        stateObjects = FaultyObjectStore(try DirectoryStore(root: "\(root)/state", pool: pool))
        metadata = try SQLiteStore()
        try FileManager.default.createDirectory(
            atPath: "\(root)/temporary", withIntermediateDirectories: true)
        switch kind {
        case .directory:
            registry = try DirectoryRegistry(
                root: "\(root)/greengrass", objects: objects, arns: arns, pool: pool,
                now: { [clock] in clock.now })
        case .stored:
            registry = Self.stored(
                metadata, stateObjects, objects, arns, pool, "\(root)/temporary", clock)
        }
    }

    /// The registry as another process has it.
    ///
    /// - Parameters:
    ///   - otherMetadata: in place of the fixture's, for the stored one.
    ///   - otherStateObjects: in place of the fixture's, for the stored one.
    func another(
        _ otherMetadata: (any MetadataStore)? = nil, _ otherStateObjects: (any ObjectStore)? = nil
    ) throws -> any ComponentCatalogue {
        switch kind {
        case .directory:
            try DirectoryRegistry(
                root: "\(directory.path)/greengrass", objects: objects, arns: arns, pool: pool,
                now: { [clock] in clock.now })
        case .stored:
            Self.stored(
                otherMetadata ?? metadata, otherStateObjects ?? stateObjects, objects, arns, pool,
                "\(directory.path)/temporary", clock)
        }
    }

    /// Where a cluster keeps artifacts, as the service has it.
    var state: StateBucket {
        StateBucket(
            objects: stateObjects, name: Self.stateBucket, metadata: metadata,
            now: { [clock] in clock.now })
    }

    private static func stored(
        _ metadata: any MetadataStore, _ stateObjects: any ObjectStore, _ objects: any ObjectStore,
        _ arns: ARNs, _ pool: NIOThreadPool, _ temporaryDirectory: String, _ clock: ManualClock
    ) -> StoredRegistry {
        StoredRegistry(
            metadata: metadata,
            state: StateBucket(
                objects: stateObjects, name: stateBucket, metadata: metadata, now: { clock.now }),
            objects: objects, arns: arns, pool: pool, temporaryDirectory: temporaryDirectory,
            now: { clock.now })
    }

    func put(_ bytes: Data, _ key: String, bucket: String = "bucket") async throws {
        try await objects.createBucket(bucket)
        try await objects.put(.bytes(bytes), at: ObjectLocation(bucket: bucket, key: key))
    }

    func recipe(
        _ version: String = "1.0.0", name: String = "com.example.A", uris: [String] = []
    ) -> Data {
        let artifacts = uris.map { "{Uri: '\($0)'}" }.joined(separator: ", ")
        return Data(
            """
            RecipeFormatVersion: 2020-01-25
            ComponentName: \(name)
            ComponentVersion: \(version)
            Manifests:
            - Platform: {os: linux}
              Artifacts: [\(artifacts)]
            """.utf8)
    }

    func create(_ recipe: Data, _ token: String, tags: [String: String] = [:]) async throws
        -> RegisteredComponent
    {
        try await registry.createComponentVersion(
            RecipeDocument(validating: recipe), tags: tags, clientToken: token)
    }

    func failure(_ recipe: Data, _ token: String = UUID().uuidString) async -> ComponentError? {
        await #expect(throws: ComponentError.self) { try await create(recipe, token) }
    }

    func read(
        _ name: ComponentName, _ version: ComponentVersion, _ artifact: String,
        _ range: Range<Int>? = nil
    ) async throws -> Data? {
        guard let reader = try await registry.artifact(name, version: version, artifact) else {
            return nil
        }
        var bytes = Data()
        try await reader.read(range ?? 0..<reader.size) { bytes += $0 }
        return bytes
    }

    /// What is kept beside the versions that there are: files on their way, and artifacts that no
    /// version has or that one lacks.
    func leftovers() async throws -> [String] {
        var wanted: Set<String> = []
        for newest in try await registry.newest(after: nil, limit: 1000) {
            let name = newest.component.name
            for version in try await registry.versions(of: name, before: nil, limit: 1000) {
                let details = try #require(try await registry.details(name, version: version))
                wanted.formUnion(details.artifacts.map { "\(name)/\(version)/\($0.file)" })
            }
        }
        let (found, temporary) = try await kept()
        return wanted.symmetricDifference(found).sorted() + temporary
            + (Set(found).count == found.count ? [] : ["an artifact is kept twice: \(found)"])
    }

    /// Artifacts as NAME/VERSION/FILE, and files on their way.
    private func kept() async throws -> (artifacts: [String], temporary: [String]) {
        let files = FileManager.default
        switch kind {
        case .directory:
            let root = "\(directory.path)/greengrass"
            let all = try files.subpathsOfDirectory(atPath: "\(root)/artifacts")
            let artifacts = all.filter { path in
                var isFolder = false
                _ = files.fileExists(atPath: "\(root)/artifacts/\(path)", isDirectory: &isFolder)
                return !isFolder
            }
            return (artifacts, try files.contentsOfDirectory(atPath: "\(root)/temporary"))
        case .stored:
            let keys =
                try await stateObjects.bucketExists(Self.stateBucket)
                ? try await stateObjects.list(
                    Self.stateBucket, prefix: "", after: nil, limit: 1000
                ).map(\.key) : []
            let artifacts = keys.map { key in
                let parts = key.split(separator: "/")
                return (parts[1...2] + parts[4...]).joined(separator: "/")
            }
            return (
                artifacts, try files.contentsOfDirectory(atPath: "\(directory.path)/temporary")
            )
        }
    }
}
