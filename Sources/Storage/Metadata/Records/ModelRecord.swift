package import FoundationEssentials
package import Wire

/// One version of a project's model, from the call that begins its training on.
package struct ModelRecord: Sendable, Codable, Equatable {
    package var project: String
    /// From 1 on. A version that was deleted is not used again.
    package var version: Int
    /// When the training was asked for.
    package var created: Date
    /// As the caller gave it.
    package var description: String?
    package var status: ModelStatus
    /// Why the status is what it is, or how far the training has come, for people.
    package var statusMessage: String?
    /// Where the evaluation's files go, in a bucket of the user.
    package var output: S3Location
    /// As the caller gave it; it is reported and not used.
    package var kmsKeyID: String?
    /// What the training ended with, for people, which the status shows again after a StopModel;
    /// nil before the training has ended, and of models trained before it was kept.
    package var trainingMessage: String?
    /// Measured on the test images, or held-out ones; nil before the training has ended.
    package var performance: ModelPerformance?
    /// The images of the evaluation with their predictions; nil before the training has ended.
    package var evaluationManifest: OutputS3Object?
    /// The summary of the evaluation; nil before the training has ended.
    package var evaluationResult: OutputS3Object?
    /// When the training's evaluation ended; nil before that.
    package var evaluationEnd: Date?
    /// As StartModel asked for; nil while the model is not hosted.
    package var minInferenceUnits: Int?
    /// How many detections may run at once; nil while the model is not hosted, and if StartModel
    /// gave none: then it is `minInferenceUnits`.
    package var maxInferenceUnits: Int?
    /// Takes the place of the trained threshold; in units of the score.
    package var threshold: Double?
    /// A second threshold, in units of the score: what lies between both is for a person to judge.
    /// Verdicts do not depend on it. nil for a model without one, and in rows made before.
    package var unsureThreshold: Double?
    /// How far the training has come and what it said; nil before it has begun, and of models
    /// trained before it was kept.
    package var progress: TrainingProgress?
    /// Folder of the model's files, as `ModelLibrary` names it. nil for a model whose training made
    /// none yet, and for models made before attempts had folders of their own.
    package var files: String?

    /// A model in training.
    package init(
        project: String, version: Int, created: Date, description: String?, output: S3Location,
        kmsKeyID: String?
    ) {
        self.project = project
        self.version = version
        self.created = created
        self.description = description
        status = .training
        self.output = output
        self.kmsKeyID = kmsKeyID
    }
}
