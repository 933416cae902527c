/// Chooses view, model of normality, pooling and supervision by cross-validation.
struct Search {
    /// Candidates whose anomalies also teach classifiers; the others only lose time.
    private static let taughtMax = 4
    /// Anomalies below which a classifier learns nothing that holds.
    private static let taughtAnomaliesMin = 4

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
        var tried: [TrainingSummary.Candidate] = []
        var leaders: [Candidate] = []
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
        try say(steps - 1, "whitening and size of the memory bank")
        let validation = try validation(leader.view)
        for variant in Self.variants(of: leader.configuration) {
            let judged = try validation.judge(
                isSmoothed: variant.isSmoothed, exponent: variant.exponent, [variant])
            note(judged, leader.view, &leaders, &tried)
        }
        if images.realAnomalies >= Self.taughtAnomaliesMin {
            try say(steps, "learning from the labelled anomalies")
            for base in leaders {
                if isCancelled() { throw VisionError(.cancelled, "Training was stopped.") }
                let learner = SupervisionLearner(validation: try self.validation(base.view))
                let taught = try learner.candidates(base)
                tried += taught.map(\.summary)
                if let best = Self.best([leaders[0]] + taught) { leaders[0] = best }
            }
        }
        return Result(best: leaders[0], candidates: tried)
    }

    func validation(_ view: FeatureView) throws(VisionError) -> CrossValidation {
        CrossValidation(
            runtime: runtime, view: view, threads: threads, seed: seed,
            images: try images.features(of: view, runtime: runtime, threads: threads))
    }

    /// Writes down the poolings of each judgement and keeps the best few configurations.
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
        }.prefix(Self.taughtMax).map(\.element)
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
