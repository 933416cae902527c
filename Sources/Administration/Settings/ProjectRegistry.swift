import FoundationEssentials
package import Logging
import Service
import Storage
package import Vision

/// The projects with their settings, for commands beside running servers.
package struct ProjectRegistry: Sendable {
    /// Another value for some settings; nil members stay as they are.
    package struct Change: Sendable {
        package enum Backbone: Sendable {
            /// The server's.
            case standard
            /// - Parameter annotations: in place of those in the file.
            case file(path: String, annotations: BackboneAnnotations)
        }

        package var backbone: Backbone?
        package var acceptsMixedSizes: Bool?

        package init(backbone: Backbone? = nil, acceptsMixedSizes: Bool? = nil) {
            self.backbone = backbone
            self.acceptsMixedSizes = acceptsMixedSizes
        }
    }

    /// A project as lists show it.
    package struct Project: Sendable, Equatable {
        package let name: String
        /// SHA-256 of the backbone's file; nil for the server's default.
        package let backbone: String?
        package let acceptsMixedSizes: Bool
        /// Version of the newest model; 0 before the first.
        package let lastModelVersion: Int
    }

    private let stores: StoresBeside

    /// - Parameters:
    ///   - configuration: what the servers were started with.
    ///   - environment: AWS' variables are read where there is a state bucket.
    /// - Throws: `AdministrationError` when there is no data directory.
    package init(
        _ configuration: ServerConfiguration, environment: [String: String], logger: Logger
    ) throws {
        stores = try StoresBeside(configuration, environment: environment, logger: logger)
    }

    package func all() async throws -> [Project] {
        try await stores.metadata.read { try $0.projects(after: nil, limit: .max) }
            .map(Self.project)
    }

    package func project(_ name: String) async throws -> Project {
        guard let record = try await stores.metadata.read({ try $0.project(name) }) else {
            throw Self.missing(name)
        }
        return Self.project(record)
    }

    /// Changes settings; they count from the next training on.
    ///
    /// - Parameter executable: where the runtime that tries a backbone is looked for.
    /// - Throws: `AdministrationError` for a project that does not exist, `VisionError` naming a file that
    ///   is no backbone.
    package func set(
        _ name: String, _ change: Change, executable: String = Installation.executablePath,
        environment: [String: String]
    ) async throws {
        _ = try await project(name)
        var backbone: String??
        switch change.backbone {
        case nil: break
        case .standard: backbone = .some(nil)
        case .file(let path, let annotations):
            let installation = try Installation.find(
                from: executable, runtime: environment["SPOTTER_ONNX_RUNTIME"])
            let source = try BackboneSource(
                path, annotations: annotations,
                runtime: try OnnxRuntime(library: installation.runtimePath))
            let folder = DataDirectory.backbones(stores.dataDirectory)
            backbone = .some(
                try await stores.withState { state in
                    let store: any BackboneStore =
                        state.map { BackboneBucket(state: $0) } ?? BackboneFolder(path: folder)
                    return try await store.add(source)
                })
        }
        let (stored, acceptsMixedSizes) = (backbone, change.acceptsMixedSizes)
        try await stores.metadata.write { transaction in
            guard var record = try transaction.project(name) else { throw Self.missing(name) }
            var settings = record.settings ?? ProjectSettings()
            if let stored { settings.backbone = stored }
            if let acceptsMixedSizes { settings.acceptsMixedSizes = acceptsMixedSizes }
            record.settings = settings
            try transaction.save(record)
        }
    }

    private static func project(_ record: ProjectRecord) -> Project {
        Project(
            name: record.name, backbone: record.settings?.backbone,
            acceptsMixedSizes: record.settings?.acceptsMixedSizes ?? false,
            lastModelVersion: record.lastModelVersion)
    }

    private static func missing(_ name: String) -> AdministrationError {
        AdministrationError("There is no project \(name).")
    }
}
