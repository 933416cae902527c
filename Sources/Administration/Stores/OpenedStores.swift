import Base
import Cloud
import FoundationEssentials
import NIOPosix
package import Service
package import Storage
package import Vision

/// The stores, each opened when it is first asked for.
extension Stores {
    /// The other servers that take the place of embedded services.
    package func cloud() throws -> CloudServices {
        try once(\.cloud) {
            try CloudServices(
                environment: environment, region: configuration.region, logger: logger)
        }
    }

    /// The rows. PostgreSQL is asked with the first transaction only.
    ///
    /// - Throws: `AdministrationError` beside a folder without a database, or whose rows were
    ///   moved, and for a data directory that has models and no database; `StorageError` when the
    ///   database cannot be opened. A backup is made before a step changes the schema.
    package func metadata() throws -> any MetadataStore {
        try once(\.metadata) {
            let path = configuration.dataDirectory
            if directory == nil, configuration.metadata == .embedded {
                guard FileStatus(path: DataDirectory.database(path)) != nil else {
                    throw AdministrationError(
                        "\(path) is not a data directory of Spotter. Give the folder that "
                            + "'spotter serve' was started with as --data-directory, and its "
                            + "--metadata too if it had one.")
                }
                try MovedRows.check(path)
            }
            if let directory, configuration.metadata == .embedded { try directory.checkRows() }
            let backup = UpgradeBackup(
                dataDirectory: path, place: configuration.upgradeBackup, logger: logger, now: now)
            func open() throws -> any MetadataStore {
                try configuration.metadata.open(database: DataDirectory.database(path)) {
                    try backup.make(of: $0)
                }
            }
            return try configuration.metadata == .embedded ? backup.opening(open) : open()
        }
    }

    /// The store of users' buckets.
    ///
    /// - Throws: `AdministrationError` when there is no key for the other S3 or its address is not
    ///   valid, `StorageError` when the folder cannot be made.
    package func buckets() throws -> Buckets {
        try once(\.buckets) {
            switch configuration.objectStore {
            case .directory:
                let root = DataDirectory.buckets(configuration.dataDirectory)
                return .directory(try DirectoryStore(root: root, pool: pool, logger: logger))
            case .s3(let endpoint, let region):
                let peer = try cloud().s3(endpoint: endpoint, region: region, policy: policy)
                return .s3(peer: peer, store: S3Store(peer: peer, pool: pool))
            }
        }
    }

    /// The buckets that users see: all but the state bucket.
    ///
    /// - Throws: as `buckets()`.
    package func objects() throws -> any ObjectStore {
        let all = try buckets().objects
        return configuration.stateBucket.map { UserObjects(all, without: $0) } ?? all
    }

    /// The bucket of models, backbones and components of a cluster, or that of one server's models.
    ///
    /// - Throws: as `metadata()` and `buckets()`; `AdministrationError` beside one server's data
    ///   directory, whose unfinished files would be removed under that server.
    package func state() throws -> StateBucket {
        let objects = try configuration.isCluster ? buckets().objects : modelFiles()
        return StateBucket(
            objects: objects, name: configuration.stateBucket ?? DataDirectory.modelsBucket,
            metadata: try metadata(), now: now)
    }

    private func modelFiles() throws -> DirectoryStore {
        let root = try held().models
        return try once(\.files) { try DirectoryStore(root: root, pool: pool) }
    }

    /// The data directory that this process holds.
    ///
    /// - Throws: `AdministrationError` beside servers, to one of which it may belong.
    package func held() throws -> DataDirectory {
        guard let directory else {
            throw AdministrationError(
                "The data directory \(configuration.dataDirectory) belongs to its server.")
        }
        return directory
    }

    /// The files of trained models.
    ///
    /// - Throws: as `state()`.
    package func models() throws -> ModelLibrary {
        ModelLibrary(
            state: try state(), prefix: configuration.isCluster ? ModelLibrary.sharedPrefix : "")
    }

    /// What training wrote about a model; also beside a server.
    ///
    /// - Returns: nil for a model without files.
    /// - Throws: `StorageError` when the state bucket cannot be read, and as `state()`.
    package func manifest(of model: ModelRecord) async throws -> ModelManifest? {
        guard configuration.isCluster else {
            return DataDirectory.manifest(beside: configuration.dataDirectory, model)
        }
        do {
            return try await models().manifest(of: model)
        } catch is VisionError {
            return nil
        }
    }

    /// The backbones that projects were given; also beside a server.
    ///
    /// - Throws: as `state()` in a cluster.
    package func backbones() throws -> any BackboneStore {
        guard configuration.isCluster else {
            return BackboneFolder(
                path: DataDirectory.backbones(configuration.dataDirectory), pool: pool)
        }
        return BackboneBucket(state: try state())
    }

    /// The registry of components; also beside a server.
    ///
    /// - Throws: as `state()` in a cluster, `StorageError` when the folder cannot be made.
    package func components() throws -> any ComponentCatalogue {
        guard configuration.isCluster else { return try embeddedComponents() }
        return StoredRegistry(
            metadata: try metadata(), state: try state(), objects: try objects(),
            arns: configuration.arns, pool: pool, temporaryDirectory: temporaryDirectory, now: now)
    }

    /// The registry in the data directory.
    ///
    /// - Throws: `StorageError` when the folder cannot be made, and as `buckets()`.
    package func embeddedComponents() throws -> DirectoryRegistry {
        try once(\.registry) {
            try DirectoryRegistry(
                root: DataDirectory.greengrass(configuration.dataDirectory),
                objects: try objects(), arns: configuration.arns, pool: pool, now: now)
        }
    }

    /// For files on their way: the data directory's own, which is emptied at every start, or the
    /// machine's beside a server.
    package var temporaryDirectory: String {
        directory?.temporary ?? FileManager.default.temporaryDirectory.path()
    }
}
