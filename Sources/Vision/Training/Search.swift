/// Chooses view, model of normality, pooling and supervision by cross-validation.
///
/// What is taken without labels is taken with them too, unless something else ranks held-out images
/// better by more than chance would (`Candidate.doubt`): the best of many candidates is otherwise
/// the one that suits the few defects that people labelled.
struct Search {
    /// Views whose anomalies teach classifiers; the others only lose time.
    private static let taughtMax = 2
    /// Labelled anomalies below which nothing can be chosen, and no classifier learns what holds.
    static let taughtAnomaliesMin = 4
    /// Share of the cells, the highest, that is pooled without a choice.
    private static let standardPooling = 0.01

    let runtime: OnnxRuntime
    let threads: Int
    let seed: UInt64
    let images: RetainedImages

    /// The best candidate, and all that were tried.
    struct Result: Sendable {
        let best: Candidate
        let candidates: [TrainingSummary.Candidate]
    }

    func run(progress: (String) -> Void, isCancelled: () -> Bool) throws(VisionError) -> Result {
        guard let first = images.views.first else {
            throw VisionError(.unsuitableDataset, "No configuration could be evaluated.")
        }
        let views = isTaught ? images.views : [first] + Self.cheaper(than: first, images.views)
        let steps = views.count + (isTaught ? 1 : 0)
        func say(_ step: Int, _ text: String) throws(VisionError) {
            if isCancelled() { throw VisionError(.cancelled, "Training was stopped.") }
            progress("Cross-validating, step \(step) of \(steps): \(text)")
        }
        var tried: [TrainingSummary.Candidate] = []
        var leaders: [Candidate] = []
        for (index, view) in views.enumerated() {
            try say(
                index + 1,
                "\(view.input.width)×\(view.input.height) pixels, stride \(view.tap.stride)")
            let candidates = try candidates(
                in: view, choosesMore: isTaught && index == 0, isCancelled: isCancelled)
            tried += candidates.map(\.summary)
            guard let standard = Self.standard(of: candidates, in: view) else { continue }
            leaders.append(isTaught ? Self.preferred(standard, to: candidates) : standard)
        }
        guard let leader = leaders.first else {
            throw VisionError(.unsuitableDataset, "No configuration could be evaluated.")
        }
        guard isTaught else {
            return Result(best: Self.preferred(leader, to: leaders), candidates: tried)
        }
        try say(steps, "learning from the labelled anomalies")
        let others = leaders.dropFirst().sorted { $0.merit > $1.merit }
        var finalists: [Candidate] = []
        for base in [leader] + others.prefix(Self.taughtMax - 1) {
            if isCancelled() { throw VisionError(.cancelled, "Training was stopped.") }
            let joined = try withTexture(base)
            let base = Self.preferred(base, to: joined)
            let learner = SupervisionLearner(validation: try validation(base.view))
            let taught = try learner.candidate(base)
            tried += (joined + [taught].compactMap { $0 }).map(\.summary)
            // What masks say is worth more than the few images that could show it; the farthest
            // patches of labelled images may lie beside the defect. Ranks alone are compared: a
            // classifier's scores and distances are not separated on one scale, and `doubt` is one
            // of ranks.
            let loss =
                taught?.supervision?.teacher == .masks
                ? base.doubt : min(base.doubt, Candidate.lossMax)
            if let taught, (taught.auroc ?? 0) > (base.auroc ?? 0) - loss {
                finalists.append(taught)
            } else {
                finalists.append(base)
            }
        }
        return Result(
            best: Self.preferred(finalists[0], to: finalists), candidates: tried)
    }

    /// What is tried where nothing is taught: drawn defects say whether a pattern is clearer in
    /// fewer pixels, as that of a fabric may be, and are no reason for more pixels.
    private static func cheaper(than standard: FeatureView, _ views: [FeatureView])
        -> [FeatureView]
    {
        views.filter { $0.sees(as: standard) && $0.patches < standard.patches }
    }

    private var isTaught: Bool { images.realAnomalies >= Self.taughtAnomaliesMin }

    /// Every candidate of a view, the standard configuration's first.
    ///
    /// - Parameter choosesMore: whether the other kind of model and smoothing are tried too.
    private func candidates(
        in view: FeatureView, choosesMore: Bool, isCancelled: () -> Bool
    ) throws(VisionError) -> [Candidate] {
        let validation = try validation(view)
        let isSmoothed = Self.isSmoothed(view)
        var out: [Candidate] = []
        for smoothing in choosesMore ? [isSmoothed, !isSmoothed] : [isSmoothed] {
            if isCancelled() { throw VisionError(.cancelled, "Training was stopped.") }
            let kinds = (isTaught ? CrossValidation.Kind.allCases : [.memoryBank])
                .map { CrossValidation.Configuration(isSmoothed: smoothing, kind: $0) }
            let judged = try validation.judge(isSmoothed: smoothing, exponent: 0.5, kinds)
            out += judged.flatMap { Candidate.poolings(of: $0, in: view) }
        }
        return out
    }

    /// Averaging brings nothing to networks that see textures themselves, and hides small defects.
    private static func isSmoothed(_ view: FeatureView) -> Bool { !view.extractor.seesTexture }

    /// What is taken where nothing can be chosen: a memory bank and the standard pooling. Choosing
    /// by drawn defects ranked labelled ones worse.
    private static func standard(of candidates: [Candidate], in view: FeatureView) -> Candidate? {
        // Poolings of equally many cells are there once.
        candidates.last {
            $0.configuration.kind == .memoryBank
                && $0.configuration.isSmoothed == isSmoothed(view)
                && $0.pooledFraction <= standardPooling
        }
    }

    /// The best of the candidates that lose no label where it is better beyond doubt, else the
    /// standard.
    private static func preferred(_ standard: Candidate, to candidates: [Candidate]) -> Candidate {
        let kept = candidates.filter { $0.keepsEveryLabel(of: standard) }
        guard let best = best(kept), best.merit > standard.merit + standard.doubt else {
            return standard
        }
        return best
    }

    /// The candidate with shares of the filter bank's score, at the best pooling of each model.
    private func withTexture(_ leader: Candidate) throws(VisionError) -> [Candidate] {
        guard leader.view.texture != nil else { return leader.joined(with: []) }
        let textures = try validation(leader.view).judgeTexture().compactMap {
            Self.best(Candidate.poolings(of: $0, in: leader.view))
        }
        return leader.joined(with: textures)
    }

    func validation(_ view: FeatureView) throws(VisionError) -> CrossValidation {
        CrossValidation(
            runtime: runtime, view: view, threads: threads, seed: seed,
            images: try images.features(of: view, runtime: runtime, threads: threads))
    }

    /// The first of the best.
    private static func best(_ candidates: [Candidate]) -> Candidate? {
        candidates.reduce(nil) { best, next in
            guard let best else { return next }
            return next.merit > best.merit + 1e-9 ? next : best
        }
    }
}
