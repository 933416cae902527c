import FoundationEssentials
import Storage
package import Vision
import Wire

/// What a trained model, hosted or not, sees in a picture of a dataset.
extension Operations {
    /// A picture as the model and as people see it.
    package struct Review: Sendable {
        /// Pixels of the picture.
        package let size: PixelSize
        package let detection: Detection
        /// The model's, in the order of its masks' indices; empty for a model without masks.
        package let labels: [LabelClass]
        /// What people outlined, by `labels`; nil for a picture without a mask and for a model
        /// without labels.
        package let truth: LabelMask?
    }

    /// Judges one picture by a model with its threshold in force, to look at its work. Nothing is
    /// counted, and the model need not be hosted: it is in memory for as long as others leave room.
    ///
    /// - Parameter source: the picture's `s3://BUCKET/KEY`. Its mask is that of the project's test
    ///   dataset, or else of the training dataset.
    /// - Throws: `accessDenied` without DescribeModel, or `s3:GetObject` on the picture or its
    ///   mask; `resourceNotFound`; `conflict` for a model that is not trained; `validation` for
    ///   a picture that the model cannot judge; `StorageError`.
    package func review(_ project: String, _ version: String, _ source: String) async throws
        -> Review
    {
        try await authorize(
            .describeModel,
            .object(["ProjectName": .string(project), "ModelVersion": .string(version)]))
        let (model, line) = try await context.metadata.read { transaction in
            let lines = try [DatasetType.test, .train].compactMap {
                try transaction.lines(of: [source], project: project, type: $0)[source]
            }
            return (try Lookup.model(project, version, transaction), lines.first)
        }
        guard model.files != nil || model.performance != nil else {
            throw WireError.conflict(
                "The model is \(model.status.rawValue); only a trained model judges images.",
                .model, "\(project)/\(version)")
        }
        let limits = context.limits.image
        let bytes = try await object(source, bytesMax: limits.bytesMax)
        let mask = try line.flatMap { try ManifestLine(parsing: $0).mask }
        var maskBytes: Data?
        if let mask { maskBytes = try await object(mask.reference, bytesMax: limits.bytesMax) }
        let png = maskBytes
        do {
            return try await context.host.run(model, bytes: bytes.count) { detector in
                let picture = try detector.picture(in: bytes, name: source, limits: limits)
                let labels = detector.manifest.labels
                let truth = try mask.flatMap { mask -> LabelMask? in
                    guard let png, !labels.isEmpty else { return nil }
                    return try LabelMask(
                        png: png, classes: mask.classes, labels: labels,
                        imageWidth: picture.width, imageHeight: picture.height,
                        name: mask.reference, limits: limits)
                }
                return Review(
                    size: PixelSize(width: picture.width, height: picture.height),
                    detection: try detector.detect(picture, threshold: model.threshold),
                    labels: labels, truth: truth)
            }
        } catch let error as VisionError where [.invalidImage, .invalidMask].contains(error.code) {
            throw WireError.validation(error.message)
        }
    }

    /// How a model came about: what training tried and chose.
    ///
    /// - Throws: `accessDenied` without DescribeModel; `resourceNotFound`; `VisionError` for a
    ///   model without files.
    package func manifest(of project: String, _ version: String) async throws -> ModelManifest {
        try await authorize(
            .describeModel,
            .object(["ProjectName": .string(project), "ModelVersion": .string(version)]))
        let model = try await context.metadata.read { try Lookup.model(project, version, $0) }
        return try await context.models.manifest(of: model)
    }
}
