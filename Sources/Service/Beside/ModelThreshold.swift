import FoundationEssentials
import Storage
import Vision
import Wire

/// A model's threshold, which the API cannot set.
extension Operations {
    /// The threshold in force and the one that training found, in units of the score.
    package struct Thresholds: Sendable, Equatable {
        /// nil for a model without files.
        package let trained: Double?
        /// nil where nobody set another.
        package let chosen: Double?
        /// A second one: what lies between it and the one in force is for a person to judge. nil
        /// where nobody set one.
        package let unsure: Double?

        /// What scores are compared with; nil for a model without files.
        package var inForce: Double? { chosen ?? trained }
    }

    /// - Throws: `accessDenied` without DescribeModel; `resourceNotFound`.
    package func thresholds(of project: String, _ version: String) async throws -> Thresholds {
        let model = try await model(project, version, allowing: .describeModel)
        let manifest = try? await context.models.manifest(of: model)
        return Thresholds(
            trained: manifest?.training.threshold, chosen: model.threshold,
            unsure: model.unsureThreshold)
    }

    /// Sets the thresholds of a trained model, the first for all calls and packages to come. Who
    /// may start a model may say how it judges.
    ///
    /// - Parameters:
    ///   - threshold: above 0; nil goes back to what training found.
    ///   - unsure: above 0, on either side of the other; nil takes it away. It changes no verdict.
    /// - Throws: `accessDenied` without StartModel; `resourceNotFound`; `conflict` for a model that
    ///   is not trained; `validation`.
    package func setThreshold(
        _ threshold: Double?, unsure: Double?, of project: String, _ version: String
    ) async throws {
        for (name, number) in [("threshold", threshold), ("second threshold", unsure)] {
            guard number.map(Decision.isThreshold) ?? true else {
                throw WireError.validation("The \(name) must be a number above 0.")
            }
        }
        let model = try await model(project, version, allowing: .startModel)
        guard model.files != nil else {
            throw WireError.conflict(
                "The model is \(model.status.rawValue); only a trained model has a threshold.",
                .model, "\(project)/\(version)")
        }
        try await context.metadata.write { transaction in
            var record = try Lookup.model(project, version, transaction)
            record.threshold = threshold
            record.unsureThreshold = unsure
            try transaction.save(record)
        }
    }

    private func model(
        _ project: String, _ version: String, allowing operation: Wire.Operation
    ) async throws -> ModelRecord {
        try await authorize(
            operation,
            .object(["ProjectName": .string(project), "ModelVersion": .string(version)]))
        return try await context.metadata.read { try Lookup.model(project, version, $0) }
    }
}
