import Glibc
import Synchronization

/// One image to learn from.
package struct TrainingSample: Sendable {
    /// What messages call the image.
    package let name: String
    package let image: RGBImage
    package let isAnomalous: Bool
    package let mask: LabelMask?

    package init(name: String, image: RGBImage, isAnomalous: Bool, mask: LabelMask?) {
        self.name = name
        self.image = image
        self.isAnomalous = isAnomalous
        self.mask = mask
    }
}

/// A trained detector that has no name yet.
package struct TrainedDetector: Sendable {
    /// An ONNX file as `DetectorGraph.detector` describes it.
    package let model: [UInt8]
    package let imageWidth: Int
    package let imageHeight: Int
    package let inputWidth: Int
    package let inputHeight: Int
    /// Empty without masks.
    package let labels: [LabelClass]
    package let decision: Decision
    package let summary: TrainingSummary
}

/// Gathers images one by one and fits a detector to them.
///
/// Calls block for as long as they compute; none may run on the cooperative pool.
package final class Trainer: Sendable {
    private struct State {
        var random: SeededRandom
        var size: (width: Int, height: Int, name: String)?
        var normals = Reservoir()
        var anomalies = Reservoir()
    }

    private let runtime: OnnxRuntime
    private let extractor: any FeatureExtractor
    private let labels: [LabelClass]
    private let threads: Int
    private let seed: UInt64
    private let featureSession: InferenceSession
    private let state: Mutex<State>

    /// - Parameters:
    ///   - labels: the labels that masks name, in the order of the manifest.
    ///   - threads: cores that the runtime may use.
    ///   - seed: the same seed, images and order give the same model.
    package init(
        runtime: OnnxRuntime, extractor: some FeatureExtractor, labels: [LabelClass], threads: Int,
        seed: UInt64
    ) throws(VisionError) {
        guard labels.count <= VisionLimits.labelsMax else {
            throw VisionError(
                .unsuitableDataset,
                "The masks name \(labels.count) labels; at most \(VisionLimits.labelsMax) are "
                    + "allowed.")
        }
        self.runtime = runtime
        self.extractor = extractor
        self.labels = labels
        self.threads = threads
        self.seed = seed
        featureSession = try InferenceSession(
            runtime: runtime, model: try DetectorGraph.features(extractor), threads: threads)
        state = Mutex(State(random: SeededRandom(seed: seed)))
    }

    /// - Throws: `unsuitableDataset` for an image of another size than the first.
    package func add(_ sample: TrainingSample) throws(VisionError) {
        let image = sample.image
        let first = state.withLock { state in
            state.size = state.size ?? (image.width, image.height, sample.name)
            return state.size ?? (0, 0, "")
        }
        guard image.width == first.width, image.height == first.height else {
            throw VisionError(
                .unsuitableDataset,
                "All images must have one size: \(sample.name) is \(image.width)×\(image.height), "
                    + "\(first.name) is \(first.width)×\(first.height).")
        }
        let resized = Resize.resize(
            image, width: extractor.inputWidth, height: extractor.inputHeight)
        let features = try featureSession.run(
            [
                (
                    DetectorGraph.imageInput,
                    .bytes(
                        shape: [1, extractor.inputHeight, extractor.inputWidth, 3],
                        values: resized.pixels)
                )
            ], outputs: ["features"])[0]
        let learned = LearnedImage(
            features: features, coverage: coverage(of: sample.mask),
            sampledMask: sample.mask?.sampled(
                width: extractor.inputWidth, height: extractor.inputHeight))
        state.withLock { state in
            if sample.isAnomalous {
                state.anomalies.offer(learned, using: &state.random)
            } else {
                state.normals.offer(learned, using: &state.random)
            }
        }
    }

    private func coverage(of mask: LabelMask?) -> [[Float]]? {
        mask.map { mask in
            labels.indices.map {
                mask.coverage(
                    of: $0, gridWidth: extractor.gridWidth, gridHeight: extractor.gridHeight)
            }
        }
    }

    /// Chooses a configuration by cross-validation and fits it to all images.
    ///
    /// - Parameters:
    ///   - progress: told what is being done, in a few words.
    ///   - isCancelled: asked between steps.
    /// - Throws: `unsuitableDataset` with fewer than four normal images, `cancelled`.
    package func fit(
        progress: (String) -> Void, isCancelled: () -> Bool
    ) throws(VisionError) -> TrainedDetector {
        let (normals, anomalies, size) = state.withLock { ($0.normals, $0.anomalies, $0.size) }
        guard normals.images.count >= CrossValidation.folds, let size else {
            throw VisionError(
                .unsuitableDataset,
                "There are \(normals.offered) normal images; training needs at least "
                    + "\(CrossValidation.folds).")
        }
        let validation = CrossValidation(
            runtime: runtime, extractor: extractor, threads: threads, seed: seed,
            normals: normals.images, anomalies: anomalies.images)
        let search = try validation.search(progress: progress, isCancelled: isCancelled)
        progress("Fitting the final model")
        let chosen = search.best
        let decision = Decision(
            normal: chosen.normalScores, anomalous: chosen.anomalousScores)
        let fit = try validation.fitAll(chosen.configuration)
        var head = DetectorHead(
            isSmoothed: chosen.configuration.isSmoothed, pooledFraction: chosen.pooledFraction,
            whitening: fit.whitening, bank: fit.bank, classifier: nil)
        var iou: [String: Double]?
        if !labels.isEmpty, anomalies.images.contains(where: { $0.coverage != nil }) {
            progress("Learning the labels' masks")
            let learner = MaskLearner(
                extractor: extractor, labels: labels, seed: seed, normals: normals.images,
                anomalies: anomalies.images)
            (head.classifier, iou) = try learner.fit(
                fit, validation: validation, outOfFold: chosen)
        }
        let confusion = Confusion(
            normal: chosen.normalScores, anomalous: chosen.anomalousScores,
            threshold: decision.threshold)
        let isLabelled = !chosen.anomalousScores.isEmpty
        let summary = TrainingSummary(
            backbone: extractor.identifier, seed: seed, normalImages: normals.offered,
            anomalousImages: anomalies.offered,
            sampledImages: normals.images.count + anomalies.images.count,
            folds: CrossValidation.folds, chosen: chosen.summary,
            candidates: search.candidates, threshold: decision.threshold,
            expectedFalseAlarmRate: isLabelled
                ? Double(confusion.falsePositives) / Double(chosen.normalScores.count)
                : 1 / Double(chosen.normalScores.count + 1),
            f1: isLabelled ? confusion.f1 : nil, labelIoU: iou)
        let model = try DetectorGraph.detector(
            extractor, head, metadata: [("spotter.backbone", extractor.identifier)])
        return TrainedDetector(
            model: [UInt8](model), imageWidth: size.width, imageHeight: size.height,
            inputWidth: extractor.inputWidth, inputHeight: extractor.inputHeight,
            labels: head.classifier == nil ? [] : labels, decision: decision, summary: summary)
    }
}

/// What is kept of an image for fitting.
struct LearnedImage: Sendable {
    /// `[1, C, h, w]`.
    let features: Tensor
    /// For each label the share of each cell that it covers; nil without a mask.
    let coverage: [[Float]]?
    /// Labels at the input's resolution, as in `LabelMask.indices`.
    let sampledMask: [UInt8]?
}

/// A uniform sample of bounded size (Vitter's algorithm R).
struct Reservoir: Sendable {
    private(set) var images: [LearnedImage] = []
    private(set) var offered = 0

    mutating func offer(_ image: LearnedImage, using random: inout some RandomNumberGenerator) {
        offered += 1
        if images.count < VisionLimits.retainedImagesMax {
            images.append(image)
        } else {
            let place = Int.random(in: 0..<offered, using: &random)
            if place < images.count { images[place] = image }
        }
    }
}
