import Service
import Storage
import Vision
import Wire

/// The models with their thresholds, for commands beside running servers. A server reads the
/// threshold at every call, so a change counts from the next one on.
package struct ModelRegistry: Sendable {
    /// A model as `spotter model show` shows it.
    package struct Model: Sendable, Equatable {
        /// As the API names it, such as `TRAINED`.
        package let status: String
        /// The threshold that training chose, in units of the score; nil for a model that is not
        /// trained.
        package let trainedThreshold: Double?
        /// The threshold that was set in its place; nil when none was.
        package let setThreshold: Double?
        /// Identifier of the backbone that the model was made with; nil for a model without files.
        package let backbone: String?
        /// Pixels; nil for a model without files.
        package let imageWidth: Int?
        /// Pixels; nil for a model without files.
        package let imageHeight: Int?
        /// Whether images of other sizes are brought to this one.
        package let acceptsOtherSizes: Bool
    }

    private let stores: Stores

    /// - Parameter stores: those of the servers, which may be running.
    package init(_ stores: Stores) { self.stores = stores }

    /// - Throws: `AdministrationError` for a model that does not exist, `StorageError`.
    package func model(_ project: String, _ version: Int) async throws -> Model {
        let record = try await stores.metadata().read { try $0.model(project, version) }
        guard let record else { throw Self.missing(project, version) }
        let manifest = try await stores.manifest(of: record)
        return Model(
            status: record.status.rawValue, trainedThreshold: manifest?.training.threshold,
            setThreshold: record.threshold, backbone: manifest?.training.backbone,
            imageWidth: manifest?.image.width, imageHeight: manifest?.image.height,
            acceptsOtherSizes: manifest?.acceptsOtherSizes ?? false)
    }

    /// - Parameter threshold: A finite number above 0; nil goes back to what training chose.
    /// - Throws: `AdministrationError` for a model that does not exist or is not trained, and for
    ///   a threshold out of range.
    package func setThreshold(_ threshold: Double?, _ project: String, _ version: Int)
        async throws
    {
        if let threshold, !Decision.isThreshold(threshold) {
            throw AdministrationError("The threshold must be a number above 0, not \(threshold).")
        }
        guard try await model(project, version).trainedThreshold != nil else {
            throw AdministrationError("The model \(project)/\(version) is not trained.")
        }
        try await stores.metadata().write { transaction in
            guard var record = try transaction.model(project, version) else {
                throw Self.missing(project, version)
            }
            record.threshold = threshold
            try transaction.save(record)
        }
    }

    private static func missing(_ project: String, _ version: Int) -> AdministrationError {
        AdministrationError("There is no model \(version) of a project \(project).")
    }
}
