import FoundationEssentials
package import Logging
import Service
import Storage
import Vision
import Wire

/// The models with their thresholds, for commands beside running servers, which read the threshold
/// at every call.
package struct ModelRegistry: Sendable {
    /// A model as `spotter model show` shows it.
    package struct Model: Sendable, Equatable {
        /// The API's word.
        package let status: String
        /// What training chose; nil for a model that is not trained.
        package let trainedThreshold: Double?
        /// What was set in its place.
        package let setThreshold: Double?
        /// What the model was made with: the name of a backbone.
        package let backbone: String?
        package let imageWidth: Int?
        package let imageHeight: Int?
        package let acceptsOtherSizes: Bool
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

    package func model(_ project: String, _ version: Int) async throws -> Model {
        let record = try await record(project, version)
        let manifest = try await manifest(of: record)
        return Model(
            status: record.status.rawValue, trainedThreshold: manifest?.training.threshold,
            setThreshold: record.threshold, backbone: manifest?.training.backbone,
            imageWidth: manifest?.image.width, imageHeight: manifest?.image.height,
            acceptsOtherSizes: manifest?.acceptsOtherSizes ?? false)
    }

    /// - Parameter threshold: nil goes back to what training chose.
    /// - Throws: `AdministrationError` for a model that does not exist or is not trained, and for a
    ///   threshold that is none.
    package func setThreshold(_ threshold: Double?, _ project: String, _ version: Int)
        async throws
    {
        if let threshold, !Decision.isThreshold(threshold) {
            throw AdministrationError("The threshold must be a number above 0, not \(threshold).")
        }
        guard try await model(project, version).trainedThreshold != nil else {
            throw AdministrationError("The model \(project)/\(version) is not trained.")
        }
        try await stores.metadata.write { transaction in
            guard var record = try transaction.model(project, version) else {
                throw Self.missing(project, version)
            }
            record.threshold = threshold
            try transaction.save(record)
        }
    }

    private func record(_ project: String, _ version: Int) async throws -> ModelRecord {
        guard let record = try await stores.metadata.read({ try $0.model(project, version) }) else {
            throw Self.missing(project, version)
        }
        return record
    }

    /// - Returns: nil for a model without files.
    private func manifest(of model: ModelRecord) async throws -> ModelManifest? {
        try await stores.withState { state in
            guard let state else {
                return DataDirectory.manifest(beside: stores.dataDirectory, model)
            }
            do {
                return try await ModelLibrary(state: state, prefix: ModelLibrary.sharedPrefix)
                    .manifest(of: model)
            } catch is VisionError {
                return nil
            }
        }
    }

    private static func missing(_ project: String, _ version: Int) -> AdministrationError {
        AdministrationError("There is no model \(version) of a project \(project).")
    }
}
