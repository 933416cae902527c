import Synchronization

/// Gathers images one by one and fits a detector to them.
///
/// Calls block for as long as they compute; none may run on the cooperative pool.
package final class Trainer: Sendable {
    private struct State {
        var random: SeededRandom
        var size: (pixels: PixelSize, name: String)?
        var views: [FeatureView] = []
        var normals = Reservoir()
        var anomalies = Reservoir()
    }

    private let runtime: OnnxRuntime
    private let extractor: any FeatureExtractor
    private let labels: [LabelClass]
    private let threads: Int
    private let seed: UInt64
    private let falseAlarmRate: Double?
    private let latencyMillisecondsMax: Double?
    private let state: Mutex<State>

    /// - Parameters:
    ///   - labels: the labels that masks name, in the order of the manifest.
    ///   - threads: cores that the runtime may use.
    ///   - seed: the same seed, images and order give the same model.
    ///   - falseAlarmRate: share of new normal images that may be called anomalous, one of
    ///     `Decision.falseAlarmRates`, by which the threshold is placed; nil places it where F1 is
    ///     best, or with fewer than four labelled anomalies by
    ///     `Decision.falseAlarmRateDefault`.
    ///   - latencyMillisecondsMax: leaves views out that take longer with one thread of this
    ///     machine (`ViewLatency`), the smallest apart; the choice then depends on the machine
    ///     too. One of `latencyMilliseconds`; nil tries every view.
    /// - Throws: `unsuitableDataset` with too many labels.
    package init(
        runtime: OnnxRuntime, extractor: some FeatureExtractor, labels: [LabelClass], threads: Int,
        seed: UInt64, falseAlarmRate: Double? = nil, latencyMillisecondsMax: Double? = nil
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
        self.falseAlarmRate = falseAlarmRate
        self.latencyMillisecondsMax = latencyMillisecondsMax
        state = Mutex(State(random: SeededRandom(seed: seed)))
    }

    /// Runs an extractor once, so that one that the runtime does not know is found before it is
    /// used.
    ///
    /// - Throws: `invalidModel` with the reason.
    package static func check(_ extractor: some FeatureExtractor, runtime: OnnxRuntime)
        throws(VisionError)
    {
        let side = 256
        let views = FeatureView.candidates(
            for: PixelSize(width: side, height: side), extractor)
        let sizes = RetainedImages.sizes(of: views)
        let flat = RetainedImages.Image(
            TrainingSample(
                name: "", image: RGBImage(width: side, height: side, color: .white),
                isAnomalous: false, mask: nil), sizes: sizes)
        let images = RetainedImages(views: views, normals: [flat], anomalies: [flat], seed: 0)
        for view in views { _ = try images.features(of: view, runtime: runtime, threads: 1) }
    }

    /// The first image decides the views, and is where a bound on latency measures them.
    ///
    /// - Throws: `unsuitableDataset` for an image of another size than the first.
    package func add(_ sample: TrainingSample) throws(VisionError) {
        let size = PixelSize(width: sample.image.width, height: sample.image.height)
        var views: [FeatureView] = []
        if state.withLock({ $0.size == nil }) {
            views = FeatureView.standardFirst(
                try ViewLatency.bounded(
                    FeatureView.candidates(for: size, extractor), by: latencyMillisecondsMax,
                    runtime: runtime), for: size)
        }
        let first = state.withLock { [views] state in
            if let first = state.size { return first }
            state.size = (size, sample.name)
            state.views = views
            return (size, sample.name)
        }
        guard size == first.pixels else {
            throw VisionError(
                .unsuitableDataset,
                "All images must have one size: \(sample.name) is \(size.width)×\(size.height), "
                    + "\(first.name) is \(first.pixels.width)×\(first.pixels.height).")
        }
        let (place, sizes) = state.withLock { state in
            let sizes = RetainedImages.sizes(of: state.views)
            let limit = min(
                VisionLimits.retainedImagesMax,
                max(16, VisionLimits.retainedBytesMax / 2 / RetainedImages.bytes(sizes)))
            let place =
                sample.isAnomalous
                ? state.anomalies.place(limit: limit, using: &state.random)
                : state.normals.place(limit: limit, using: &state.random)
            return (place, sizes)
        }
        guard let place else { return }
        let image = RetainedImages.Image(sample, sizes: sizes)
        state.withLock { state in
            if sample.isAnomalous {
                state.anomalies.keep(image, at: place)
            } else {
                state.normals.keep(image, at: place)
            }
        }
    }

    /// Chooses a configuration by cross-validation and fits it to all images.
    ///
    /// - Parameters:
    ///   - progress: called with a few words about each step as it begins.
    ///   - isCancelled: asked between steps.
    /// - Throws: `unsuitableDataset` with fewer than four normal images, `cancelled`.
    package func fit(
        progress: (String) -> Void, isCancelled: () -> Bool
    ) throws(VisionError) -> TrainedDetector {
        let (normals, anomalies, views, size) = state.withLock {
            ($0.normals, $0.anomalies, $0.views, $0.size?.pixels)
        }
        guard normals.images.count >= Folds.count, let size else {
            throw VisionError(
                .unsuitableDataset,
                "There are \(normals.offered) normal images; training needs at least "
                    + "\(Folds.count).")
        }
        let images = RetainedImages(
            views: views, normals: normals.images, anomalies: anomalies.images, seed: seed)
        let search = Search(
            runtime: runtime, threads: threads, seed: seed, images: images)
        let result = try search.run(progress: progress, isCancelled: isCancelled)
        progress("Fitting the final model")
        let chosen = result.best
        let isLabelled = images.realAnomalies > 0
        let decision = Decision(
            normal: chosen.normalScores, labelled: isLabelled ? chosen.anomalousScores : [],
            falseAlarmRate: falseAlarmRate)
        let validation = try search.validation(chosen.view)
        let (head, iou) = try head(
            chosen, validation, hasMasks: images.hasMasks, progress: progress)
        var summary = summary(
            chosen, decision, result.candidates, isLabelled: isLabelled, normals: normals,
            anomalies: anomalies, labelIoU: iou)
        if head.classifier != nil {
            summary.learnedMasks = validation.images.anomalies.count { $0.mask != nil }
        }
        let model = try DetectorGraph.detector(
            chosen.view, head, metadata: [("spotter.backbone", chosen.view.extractor.identifier)])
        if let latencyMillisecondsMax {
            summary.latencyMillisecondsMax = latencyMillisecondsMax
            summary.latencyMilliseconds = try ViewLatency.milliseconds(
                of: model, chosen.view, runtime: runtime)
        }
        return TrainedDetector(
            model: [UInt8](model), imageWidth: size.width, imageHeight: size.height,
            inputWidth: chosen.view.input.width, inputHeight: chosen.view.input.height,
            labels: head.classifier == nil ? [] : labels, decision: decision, summary: summary)
    }

    private func head(
        _ chosen: Candidate, _ validation: CrossValidation, hasMasks: Bool,
        progress: (String) -> Void
    ) throws(VisionError) -> (DetectorHead, [String: Double]?) {
        let fit = try validation.fitAll(chosen.configuration)
        var head = DetectorHead(
            isSmoothed: chosen.configuration.isSmoothed, pooledFraction: chosen.pooledFraction,
            whitening: fit.whitening, normal: fit.normal, border: chosen.judgement.border,
            textureWhitening: fit.textureWhitening, textureScore: nil, supervision: nil,
            classifier: nil)
        if let texture = chosen.texture {
            head.textureScore = TextureScore(
                normal: try validation.fitTexture(texture.configuration), border: texture.border,
                pooledFraction: texture.pooledFraction, share: Float(texture.share),
                scale: Float(texture.scale), offset: Float(texture.offset))
        }
        if let teaching = chosen.supervision {
            head.supervision = try SupervisionLearner(validation: validation)
                .fit(chosen, teaching)
        }
        guard !labels.isEmpty, hasMasks else { return (head, nil) }
        progress("Learning the labels' masks")
        let learner = MaskLearner(validation: validation, labels: labels)
        let (classifier, iou) = try learner.fit(fit, chosen.judgement)
        head.classifier = classifier
        return (head, iou)
    }

    private func summary(
        _ chosen: Candidate, _ decision: Decision, _ candidates: [TrainingSummary.Candidate],
        isLabelled: Bool, normals: Reservoir, anomalies: Reservoir, labelIoU: [String: Double]?
    ) -> TrainingSummary {
        let confusion = Confusion(
            normal: chosen.normalScores, anomalous: chosen.anomalousScores,
            threshold: decision.threshold)
        let judged =
            chosen.normalScores.map { (decision.probability($0), false) }
            + chosen.anomalousScores.map { (decision.probability($0), true) }
        return TrainingSummary(
            backbone: chosen.view.extractor.identifier, seed: seed, normalImages: normals.offered,
            anomalousImages: anomalies.offered,
            sampledImages: normals.images.count + anomalies.images.count,
            folds: Folds.count, chosen: chosen.summary, candidates: candidates,
            threshold: decision.threshold, falseAlarmRate: falseAlarmRate,
            expectedFalseAlarmRate: Double(confusion.falsePositives + 1)
                / Double(chosen.normalScores.count + 1),
            f1: isLabelled ? confusion.f1 : nil, labelIoU: labelIoU,
            expectedCalibrationError: isLabelled ? Calibration.expectedError(judged) : nil,
            drawnAnomalies: isLabelled ? nil : chosen.anomalousScores.count,
            drawnRecall: isLabelled ? nil : confusion.recall)
    }
}
