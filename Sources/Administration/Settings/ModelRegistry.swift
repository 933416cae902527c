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
        /// Share of normal images that may be called anomalous, by which training chose the
        /// threshold; nil when nobody asked for one.
        package let falseAlarmRate: Double?
        /// The threshold that was set in its place; nil when none was.
        package let setThreshold: Double?
        /// The second threshold, up to which a person is to judge; nil without one.
        package let unsureThreshold: Double?
        /// Identifier of the backbone that the model was made with; nil for a model without files.
        package let backbone: String?
        /// Pixels; nil for a model without files.
        package let imageWidth: Int?
        /// Pixels; nil for a model without files.
        package let imageHeight: Int?
        /// Whether images of other sizes are brought to this one.
        package let acceptsOtherSizes: Bool
        /// Pixels of the view that the network sees; nil for a model without files.
        package let viewWidth: Int?
        /// Pixels; nil for a model without files.
        package let viewHeight: Int?
        /// What judging an image took with one thread on the machine that trained, in milliseconds,
        /// the median of several runs; nil when nobody asked for a bound.
        package let latencyMilliseconds: Double?
        /// The bound that training was given, in milliseconds; nil when nobody asked for one.
        package let latencyMillisecondsMax: Double?
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
            falseAlarmRate: manifest?.training.falseAlarmRate, setThreshold: record.threshold,
            unsureThreshold: record.unsureThreshold,
            backbone: manifest?.training.backbone,
            imageWidth: manifest?.image.width, imageHeight: manifest?.image.height,
            acceptsOtherSizes: manifest?.acceptsOtherSizes ?? false,
            viewWidth: manifest?.input.width, viewHeight: manifest?.input.height,
            latencyMilliseconds: manifest?.training.latencyMilliseconds,
            latencyMillisecondsMax: manifest?.training.latencyMillisecondsMax)
    }

    /// - Parameter threshold: A finite number above 0; nil goes back to what training chose.
    /// - Throws: `AdministrationError` for a model that does not exist or is not trained, and for
    ///   a threshold out of range.
    package func setThreshold(_ threshold: Double?, _ project: String, _ version: Int)
        async throws
    {
        try await change(project, version, threshold) { $0.threshold = threshold }
    }

    /// - Parameter threshold: A finite number above 0; between it and the other threshold a person
    ///   is to judge. nil takes it away.
    /// - Throws: as `setThreshold`.
    package func setUnsureThreshold(_ threshold: Double?, _ project: String, _ version: Int)
        async throws
    {
        try await change(project, version, threshold) { $0.unsureThreshold = threshold }
    }

    private func change(
        _ project: String, _ version: Int, _ threshold: Double?,
        _ body: @escaping @Sendable (inout ModelRecord) -> Void
    ) async throws {
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
            body(&record)
            try transaction.save(record)
        }
    }

    private static func missing(_ project: String, _ version: Int) -> AdministrationError {
        AdministrationError("There is no model \(version) of a project \(project).")
    }
}
