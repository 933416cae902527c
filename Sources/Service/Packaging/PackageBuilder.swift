import Base
import FoundationEssentials
import NIOPosix
import Storage
import Vision
import Wire

/// Makes the files of a package for a target: the graph in the form that was asked for, and the
/// self-test that belongs to that very form.
struct PackageBuilder: Sendable {
    /// Compressed weights may cost so much of F1 …
    static let f1FallMax = 0.01
    /// … and move no score by more than this share of the threshold.
    static let scoreDifferenceMax = 0.01
    /// Images that are judged by both forms; more would not change the choice.
    private static let imagesMax = 400

    let context: ServiceContext
    let project: String

    /// - Parameter threshold: what the package carries in place of what training chose.
    /// - Returns: the archive's files, and what is to be said about the compression.
    func files(
        of record: ModelRecord, threshold: Double?, device: PackagingTarget.Device
    ) async throws -> ([(name: String, bytes: Data)], note: String?) {
        var (manifest, model) = try await context.models.load(record)
        manifest.target = device.manifest
        if let threshold {
            manifest.decision = manifest.decision.moved(to: threshold)
        }
        var note: String?
        if device.precision == .float16 {
            let (compression, compressed) = try await compress(manifest, model)
            manifest.compression = compression
            if let compressed {
                model = compressed
                manifest.files[ModelManifest.modelFileName] = Checksum.sha256(compressed)
            } else {
                note =
                    "The weights stay in 32 bits: over \(compression.images) images F1 would go "
                    + "from \(compression.f1) to \(compression.f1Compressed), and scores would move "
                    + "by up to \(compression.scoreDifferenceMax) of the threshold."
            }
        }
        let (final, finalModel, runtime) = (manifest, model, context.runtime)
        let files = try await context.pools.jobs.runIfActive {
            let detector = try Detector(
                runtime: runtime, manifest: final, model: finalModel, threads: 1)
            return try ModelPackage.files(
                manifest: final, model: finalModel, selfTest: SelfTest(computedBy: detector))
        }
        return (files, note)
    }

    /// Judges the images of the project's datasets in both forms.
    ///
    /// - Returns: the measurement, and the model when it may be used.
    private func compress(_ manifest: ModelManifest, _ model: Data) async throws -> (
        ModelManifest.Compression, Data?
    ) {
        let runtime = context.runtime
        let (full, small, bytes) = try await context.pools.jobs.runIfActive {
            let bytes = try WeightCompression.float16(model)
            var narrow = manifest
            narrow.files[ModelManifest.modelFileName] = Checksum.sha256(bytes)
            return (
                try Detector(runtime: runtime, manifest: manifest, model: model, threads: 1),
                try Detector(runtime: runtime, manifest: narrow, model: bytes, threads: 1), bytes
            )
        }
        var (before, after) = (Confusion(), Confusion())
        var (difference, changed, count) = (0.0, 0, 0)
        let reader = DatasetReader(context: context, project: project)
        var images: [LabelledImage] = []
        for type in [DatasetType.train, .test] { images += try await reader.images(type) ?? [] }
        for index in Self.sample(images.count) {
            try Task.checkCancellation()
            let image = images[index]
            let picture: RGBImage
            do {
                picture = try await reader.picture(
                    of: image, sampleBits: manifest.sampleBits)
            } catch let error as StorageError where !error.isPassing {
                // It was deleted since training: one less to measure with.
                continue
            } catch is VisionError {
                // Or replaced by something that is not an image.
                continue
            }
            let (old, new) = try await context.pools.jobs.runIfActive {
                (try full.detect(picture), try small.detect(picture))
            }
            before.count(predicted: old.isAnomalous, actual: image.isAnomalous)
            after.count(predicted: new.isAnomalous, actual: image.isAnomalous)
            let relative = abs(old.score - new.score) / manifest.decision.threshold
            // `max` would let a score that is not a number pass; JSON has no infinity.
            difference = max(
                difference, relative.isFinite ? relative : .greatestFiniteMagnitude)
            changed += old.isAnomalous == new.isAnomalous ? 0 : 1
            count += 1
        }
        let isGood =
            count > 0 && before.f1 - after.f1 <= Self.f1FallMax
            && difference <= Self.scoreDifferenceMax
        return (
            ModelManifest.Compression(
                precision: isGood ? "float16" : "float32", images: count,
                scoreDifferenceMax: difference, verdictsChanged: changed, f1: before.f1,
                f1Compressed: after.f1), isGood ? bytes : nil
        )
    }

    /// Indices of at most `imagesMax` images, evenly spread.
    private static func sample(_ count: Int) -> [Int] {
        let step = max(1, (count + imagesMax - 1) / imagesMax)
        return Array(stride(from: 0, to: count, by: step))
    }
}
