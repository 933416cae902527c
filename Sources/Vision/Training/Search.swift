/// Chooses view, model of normality, pooling and supervision by cross-validation.
struct Search {
    /// Views whose anomalies also teach classifiers; the others only lose time.
    private static let taughtMax = 3
    /// How much merit a candidate may lack whose masks are better, and what their intersection
    /// over union is worth in merit.
    private static let maskLossMax = 0.01
    private static let maskWorth = 0.05
    /// Labelled anomalies below which nothing can be chosen, and no classifier learns what holds.
    private static let taughtAnomaliesMin = 4
    /// What is taken then: the smallest view, features averaged, a memory bank, this pooling. On
    /// the training images of real data sets it ranked labelled anomalies nearly as well as the
    /// best configuration; choosing by drawn defects ranked them worse.
    private static let standardPooling = 0.03

    let runtime: OnnxRuntime
    let threads: Int
    let seed: UInt64
    let images: RetainedImages
    let labels: [LabelClass]

    /// The best candidate, and all that were tried.
    struct Result: Sendable {
        let best: Candidate
        let candidates: [TrainingSummary.Candidate]
    }

    func run(progress: (String) -> Void, isCancelled: () -> Bool) throws(VisionError) -> Result {
        var tried: [TrainingSummary.Candidate] = []
        var leaders: [Candidate] = []
        guard images.realAnomalies >= Self.taughtAnomaliesMin else {
            return try standard(progress: progress, isCancelled: isCancelled)
        }
        let steps = images.views.count + 2
        func say(_ step: Int, _ text: String) throws(VisionError) {
            if isCancelled() { throw VisionError(.cancelled, "Training was stopped.") }
            progress("Cross-validating, step \(step) of \(steps): \(text)")
        }
        for (index, view) in images.views.enumerated() {
            try say(
                index + 1,
                "\(view.input.width)×\(view.input.height) pixels, stride \(view.tap.stride)")
            let validation = try validation(view)
            for isSmoothed in [true, false] {
                if isCancelled() { throw VisionError(.cancelled, "Training was stopped.") }
                let kinds = CrossValidation.Kind.allCases.map {
                    CrossValidation.Configuration(isSmoothed: isSmoothed, kind: $0)
                }
                let judged = try validation.judge(
                    isSmoothed: isSmoothed, exponent: 0.5, kinds)
                note(judged, view, &leaders, &tried)
            }
        }
        guard let leader = leaders.first else {
            throw VisionError(.unsuitableDataset, "No configuration could be evaluated.")
        }
        try say(images.views.count + 1, "whitening and size of the memory bank")
        for variant in Self.variants(of: leader.configuration) {
            let judged = try validation(leader.view).judge(
                isSmoothed: variant.isSmoothed, exponent: variant.exponent, [variant])
            note(judged, leader.view, &leaders, &tried)
        }
        leaders = try leaders.prefix(Self.taughtMax).map { leader throws(VisionError) in
            if isCancelled() { throw VisionError(.cancelled, "Training was stopped.") }
            let joined = try withTexture(leader)
            tried += joined.map(\.summary)
            return Self.best([leader] + joined) ?? leader
        }
        var finalists: [Candidate] = []
        try say(steps, "learning from the labelled anomalies")
        for base in leaders {
            if isCancelled() { throw VisionError(.cancelled, "Training was stopped.") }
            let learner = SupervisionLearner(validation: try validation(base.view))
            let taught = try learner.candidates(base)
            tried += taught.map(\.summary)
            if let best = Self.best([base] + taught) { finalists.append(best) }
        }
        let best = try withMasks(finalists, progress: progress, isCancelled: isCancelled)
        return Result(
            best: best ?? Self.best(leaders) ?? leader, candidates: tried)
    }

    /// The one configuration for too few labelled anomalies to choose by.
    private func standard(
        progress: (String) -> Void, isCancelled: () -> Bool
    ) throws(VisionError) -> Result {
        if isCancelled() { throw VisionError(.cancelled, "Training was stopped.") }
        progress("Cross-validating, step 1 of 1: the standard configuration")
        guard let view = images.views.first else {
            throw VisionError(.unsuitableDataset, "No configuration could be evaluated.")
        }
        let judged = try validation(view).judge(
            isSmoothed: true, exponent: 0.5,
            [CrossValidation.Configuration(isSmoothed: true, kind: .memoryBank)])
        let poolings = judged.flatMap { Candidate.poolings(of: $0, in: view) }
        // Poolings of equally many cells are there once.
        guard
            let chosen = poolings.last(where: { $0.pooledFraction <= Self.standardPooling })
        else { throw VisionError(.unsuitableDataset, "No configuration could be evaluated.") }
        return Result(best: chosen, candidates: poolings.map(\.summary))
    }

    /// The candidate with shares of the filter bank's score, at the best pooling of each model.
    private func withTexture(_ leader: Candidate) throws(VisionError) -> [Candidate] {
        let textures = try validation(leader.view).judgeTexture().compactMap {
            Self.best(Candidate.poolings(of: $0, in: leader.view))
        }
        return leader.joined(with: textures)
    }

    /// The best of the finalists; with masks, of those that are about as good the one with the
    /// best masks.
    private func withMasks(
        _ finalists: [Candidate], progress: (String) -> Void, isCancelled: () -> Bool
    ) throws(VisionError) -> Candidate? {
        guard let best = Self.best(finalists) else { return nil }
        let close = finalists.filter { $0.merit > best.merit - Self.maskLossMax }
        guard images.hasMasks, close.count > 1,
            (1...VisionLimits.comparedLabelsMax).contains(labels.count)
        else { return best }
        var chosen = (merit: -1.0, candidate: best)
        for candidate in close {
            if isCancelled() { throw VisionError(.cancelled, "Training was stopped.") }
            progress(
                "Comparing masks at \(candidate.view.input.width)×"
                    + "\(candidate.view.input.height) pixels")
            let validation = try validation(candidate.view)
            let learner = MaskLearner(validation: validation, labels: labels)
            let iou = try learner.overlap(
                try validation.fitAll(candidate.configuration), candidate.judgement)
            let merit = candidate.merit + Self.maskWorth * iou
            if merit > chosen.merit + 1e-9 { chosen = (merit, candidate) }
        }
        return chosen.candidate
    }

    func validation(_ view: FeatureView) throws(VisionError) -> CrossValidation {
        CrossValidation(
            runtime: runtime, view: view, threads: threads, seed: seed,
            images: try images.features(of: view, runtime: runtime, threads: threads))
    }

    /// Writes down the poolings of each judgement and keeps the best of each view.
    private func note(
        _ judged: [CrossValidation.Judgement], _ view: FeatureView,
        _ leaders: inout [Candidate], _ tried: inout [TrainingSummary.Candidate]
    ) {
        for judgement in judged {
            let poolings = Candidate.poolings(of: judgement, in: view)
            tried += poolings.map(\.summary)
            if let best = Self.best(poolings) { leaders.append(best) }
        }
        leaders = leaders.enumerated().sorted {
            ($1.element.merit, $0.offset) < ($0.element.merit, $1.offset)
        }.map(\.element)
        // One of each view: others of the same view seldom say anything new.
        var seen: [(PixelSize, String)] = []
        leaders = leaders.filter { leader in
            let view = (leader.view.input, leader.view.tap.name)
            if seen.contains(where: { $0 == view }) { return false }
            seen.append(view)
            return true
        }
    }

    private static func variants(of leader: CrossValidation.Configuration)
        -> [CrossValidation.Configuration]
    {
        var whiter = leader
        whiter.exponent = 1
        guard leader.kind == .memoryBank else { return [whiter] }
        var larger = leader
        larger.bankCount = 2000
        return [whiter, larger]
    }

    /// The first of the best.
    private static func best(_ candidates: [Candidate]) -> Candidate? {
        candidates.reduce(nil) { best, next in
            guard let best else { return next }
            return next.merit > best.merit + 1e-9 ? next : best
        }
    }
}
