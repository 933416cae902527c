package import Storage
import Wire

/// What the rows of a project's models say beyond the API's answers.
extension Operations {
    /// How far the trainings of a project have come, by the model's version.
    ///
    /// - Returns: nothing for a training that has not begun.
    /// - Throws: `accessDenied` without ListModels.
    package func trainings(of project: String) async throws -> [String: TrainingProgress] {
        try await authorize(.listModels, .object(["ProjectName": .string(project)]))
        return try await context.metadata.read { transaction in
            let models = try transaction.models(
                project, before: nil, limit: Limits.pageSizeDefault)
            return models.reduce(into: [:]) { found, model in
                guard model.status == .training else { return }
                found[String(model.version)] = model.progress
            }
        }
    }

    /// What a training said, also after its end; nil for a model that was trained before it was
    /// kept.
    ///
    /// - Throws: `accessDenied` without DescribeModel; `resourceNotFound`.
    package func training(of project: String, _ version: String) async throws -> TrainingProgress? {
        try await authorize(
            .describeModel,
            .object(["ProjectName": .string(project), "ModelVersion": .string(version)]))
        return try await context.metadata.read {
            try Lookup.model(project, version, $0).progress
        }
    }

    /// How many images the models of a project judged on each of the last days, today included; a
    /// day without any is left out.
    ///
    /// - Throws: `accessDenied` without DescribeProject.
    package func detections(of project: String, days: Int) async throws -> [DetectionDay] {
        try await authorize(.describeProject, .object(["ProjectName": .string(project)]))
        let first = DetectionLedger.day(of: context.now()) - days + 1
        return try await context.metadata.read { try $0.detectionDays(project, from: first) }
    }
}
