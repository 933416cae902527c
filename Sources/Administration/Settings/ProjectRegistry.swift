import Base
import Service
import Storage
import Vision

/// The projects with their settings, for commands beside running servers.
package struct ProjectRegistry: Sendable {
    /// Another value for some settings; nil members stay as they are.
    package struct Change: Sendable {
        /// Applies to models that are trained later; existing models keep theirs.
        package enum Backbone: Sendable {
            /// The server's default.
            case standard
            case file(BackboneFile)
        }

        /// What the next models are built on.
        package var backbone: Backbone?
        /// Whether images of a project may differ in size; training brings all to the first one's.
        package var acceptsMixedSizes: Bool?
        /// Share of normal images that may be called anomalous, one of `Decision.falseAlarmRates`;
        /// the inner nil goes back to the threshold of the best F1.
        package var falseAlarmRate: Double??
        /// What judging an image may take with one thread on the machine that trains, in
        /// milliseconds, one of `Trainer.latencyMilliseconds`; the inner nil takes the bound away.
        package var latencyMillisecondsMax: Double??

        /// Changes nothing that is left out.
        package init(
            backbone: Backbone? = nil, acceptsMixedSizes: Bool? = nil,
            falseAlarmRate: Double?? = nil, latencyMillisecondsMax: Double?? = nil
        ) {
            self.backbone = backbone
            self.acceptsMixedSizes = acceptsMixedSizes
            self.falseAlarmRate = falseAlarmRate
            self.latencyMillisecondsMax = latencyMillisecondsMax
        }
    }

    /// A project as `spotter project` shows it.
    package struct Project: Sendable, Equatable {
        /// Unique among the projects of an installation.
        package let name: String
        /// SHA-256 of the backbone's file; nil for the server's default.
        package let backbone: String?
        /// Whether its images may differ in size.
        package let acceptsMixedSizes: Bool
        /// Share of normal images that may be called anomalous; nil where nobody asked for one.
        package let falseAlarmRate: Double?
        /// What judging an image may take, in milliseconds; nil without a bound.
        package let latencyMillisecondsMax: Double?
        /// Version of the newest model; 0 before the first.
        package let lastModelVersion: Int
    }

    private let stores: Stores

    /// - Parameter stores: those of the servers, which may be running.
    package init(_ stores: Stores) { self.stores = stores }

    /// In the order of their names.
    ///
    /// - Throws: `AdministrationError` when there is no data directory, `StorageError`.
    package func all() async throws -> [Project] {
        try await stores.metadata().read { try $0.projects(after: nil, limit: .max) }
            .map(Self.project)
    }

    /// - Throws: `AdministrationError` for a project that does not exist, `StorageError`.
    package func project(_ name: String) async throws -> Project {
        guard let record = try await stores.metadata().read({ try $0.project(name) }) else {
            throw Self.missing(name)
        }
        return Self.project(record)
    }

    /// Changes settings; they count from the next training on.
    ///
    /// - Parameters:
    ///   - executable: path from which the runtime that tries a backbone is looked for.
    ///   - environment: `SPOTTER_ONNX_RUNTIME` is read.
    /// - Throws: `AdministrationError` for a project that does not exist and for a share or a time
    ///   out of range, `VisionError` naming a file that cannot be a backbone, `StorageError`.
    package func set(
        _ name: String, _ change: Change, executable: String = InstalledFile.executable,
        environment: [String: String]
    ) async throws {
        _ = try await project(name)
        try Self.check(change)
        var backbone: String??
        switch change.backbone {
        case nil: break
        case .standard: backbone = .some(nil)
        case .file(let file):
            let installation = try Installation.find(
                from: executable, environment: environment)
            let source = try BackboneSource(
                file.path, annotations: file.annotations,
                runtime: try OnnxRuntime(library: installation.runtimePath))
            backbone = .some(try await stores.backbones().add(source))
        }
        let (stored, acceptsMixedSizes) = (backbone, change.acceptsMixedSizes)
        let (falseAlarmRate, latency) = (change.falseAlarmRate, change.latencyMillisecondsMax)
        try await stores.metadata().write { transaction in
            guard var record = try transaction.project(name) else { throw Self.missing(name) }
            var settings = record.settings ?? ProjectSettings()
            if let stored { settings.backbone = stored }
            if let acceptsMixedSizes { settings.acceptsMixedSizes = acceptsMixedSizes }
            if let falseAlarmRate { settings.falseAlarmRate = falseAlarmRate }
            if let latency { settings.latencyMillisecondsMax = latency }
            record.settings = settings
            try transaction.save(record)
        }
    }

    private static func project(_ record: ProjectRecord) -> Project {
        Project(
            name: record.name, backbone: record.settings?.backbone,
            acceptsMixedSizes: record.settings?.acceptsMixedSizes ?? false,
            falseAlarmRate: record.settings?.falseAlarmRate,
            latencyMillisecondsMax: record.settings?.latencyMillisecondsMax,
            lastModelVersion: record.lastModelVersion)
    }

    private static func check(_ change: Change) throws(AdministrationError) {
        if let rate = change.falseAlarmRate ?? nil, !Decision.falseAlarmRates.contains(rate) {
            throw AdministrationError(
                "The share of false alarms must be \(Decision.falseAlarmRates.lowerBound) to "
                    + "\(Decision.falseAlarmRates.upperBound), not \(rate).")
        }
        let bounds = Trainer.latencyMilliseconds
        if let bound = change.latencyMillisecondsMax ?? nil, !bounds.contains(bound) {
            throw AdministrationError(
                "The latency must be \(bounds.lowerBound) to \(bounds.upperBound) ms, not "
                    + "\(bound).")
        }
    }

    private static func missing(_ name: String) -> AdministrationError {
        AdministrationError("There is no project \(name).")
    }
}
