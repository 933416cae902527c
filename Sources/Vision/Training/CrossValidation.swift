/// Scores configurations on images that they were not fitted to.
struct CrossValidation: Sendable {
    static let folds = 4
    /// Patches of an image's grid in one run of the distance graph.
    private var patches: Int { extractor.gridWidth * extractor.gridHeight }

    struct Configuration: Sendable, Hashable {
        var isSmoothed: Bool
        var exponent: Double
        var bankCount: Int
    }

    struct Fit: Sendable {
        let configuration: Configuration
        let whitening: Whitening
        let bank: Rows
        let session: InferenceSession
    }

    /// What cross-validation found for one configuration and pooling.
    struct Outcome: Sendable {
        let configuration: Configuration
        let pooledFraction: Double
        let normalScores: [Double]
        let anomalousScores: [Double]
        /// Out-of-fold distances of each normal image's patches.
        let normalDistances: [[Float]]
        let summary: TrainingSummary.Candidate

        /// Ranking first; among equals the better separated.
        var merit: Double { (summary.auroc ?? 0) + 0.02 * min(summary.separation ?? 0, 5) }
    }

    let runtime: OnnxRuntime
    let extractor: any FeatureExtractor
    let threads: Int
    let seed: UInt64
    let normals: [LearnedImage]
    let anomalies: [LearnedImage]

    /// Tries smoothing on and off, then other bank sizes and whitening around the better one.
    func search(
        progress: (String) -> Void, isCancelled: () -> Bool
    ) throws(VisionError) -> (best: Outcome, candidates: [TrainingSummary.Candidate]) {
        let base = Configuration(isSmoothed: true, exponent: 0.5, bankCount: 1000)
        var outcomes: [Outcome] = []
        func attempt(_ configurations: [Configuration], of total: Int, from first: Int)
            throws(VisionError)
        {
            for (index, configuration) in configurations.enumerated() {
                if isCancelled() { throw VisionError(.cancelled, "Training was stopped.") }
                progress("Cross-validating configuration \(first + index) of \(total)")
                outcomes += try evaluate(configuration)
            }
        }
        guard !anomalies.isEmpty else {
            // Without anomalies nothing tells candidates apart, so the defaults stand.
            try attempt([base], of: 1, from: 1)
            guard let outcome = outcomes.first(where: { $0.pooledFraction == 0.01 }) else {
                throw VisionError(.unsuitableDataset, "No configuration could be evaluated.")
            }
            return (outcome, [outcome.summary])
        }
        var other = base
        other.isSmoothed = false
        try attempt([base, other], of: 5, from: 1)
        var variants: [Configuration] = []
        if let leader = best(outcomes)?.configuration {
            variants = [
                Configuration(isSmoothed: leader.isSmoothed, exponent: 1, bankCount: 1000),
                Configuration(isSmoothed: leader.isSmoothed, exponent: 0.5, bankCount: 300),
                Configuration(isSmoothed: leader.isSmoothed, exponent: 0.5, bankCount: 2000),
            ]
        }
        try attempt(variants, of: 5, from: 3)
        guard let best = best(outcomes) else {
            throw VisionError(.unsuitableDataset, "No configuration could be evaluated.")
        }
        return (best, outcomes.map(\.summary))
    }

    /// The first of the best.
    private func best(_ outcomes: [Outcome]) -> Outcome? {
        outcomes.reduce(nil) { best, next in
            guard let best else { return next }
            return next.merit > best.merit + 1e-9 ? next : best
        }
    }

    private func evaluate(_ configuration: Configuration) throws(VisionError) -> [Outcome] {
        let normalRows = try rows(normals, configuration)
        let anomalousRows = try rows(anomalies, configuration)
        var random = SeededRandom(seed: seed ^ 0xF01D)
        let order = Sampling.indices(normals.count, below: normals.count, using: &random)
        var normalDistances = [[Float]](repeating: [], count: normals.count)
        var anomalousDistances = [[Float]](
            repeating: [Float](repeating: 0, count: patches), count: anomalies.count)
        for fold in 0..<Self.folds {
            let held = Set(order.indices.filter { $0 % Self.folds == fold }.map { order[$0] })
            let training = normalRows.indices.filter { !held.contains($0) }.map { normalRows[$0] }
            let fit = try fit(configuration, to: training)
            for index in held.sorted() {
                normalDistances[index] = try distances(normalRows[index], fit).distances
            }
            for index in anomalies.indices {
                let found = try distances(anomalousRows[index], fit).distances
                for patch in 0..<patches {
                    anomalousDistances[index][patch] += found[patch] / Float(Self.folds)
                }
            }
        }
        return Pooling.fractions.map { fraction in
            let normal = normalDistances.map { Pooling.score($0, fraction: fraction) }
            let anomalous = anomalousDistances.map { Pooling.score($0, fraction: fraction) }
            let isLabelled = !anomalous.isEmpty
            return Outcome(
                configuration: configuration, pooledFraction: fraction, normalScores: normal,
                anomalousScores: anomalous, normalDistances: normalDistances,
                summary: TrainingSummary.Candidate(
                    isSmoothed: configuration.isSmoothed,
                    whiteningExponent: configuration.exponent, bankCount: configuration.bankCount,
                    pooledFraction: fraction,
                    auroc: Ranking.auroc(normal: normal, anomalous: anomalous),
                    separation: isLabelled
                        ? Ranking.separation(normal: normal, anomalous: anomalous) : nil))
        }
    }

    /// Fits `configuration` to every normal image.
    func fitAll(_ configuration: Configuration) throws(VisionError) -> Fit {
        try fit(configuration, to: try rows(normals, configuration))
    }

    private func fit(_ configuration: Configuration, to images: [Rows]) throws(VisionError) -> Fit {
        var random = SeededRandom(seed: seed)
        // The same number of patches of each image, so that memory does not grow with their count.
        let share = max(1, VisionLimits.whiteningPatchesMax / images.count)
        var pool = Rows(width: extractor.channels)
        for image in images {
            pool.values += Sampling.rows(share, of: image, using: &random).values
        }
        let whitening = try Whitening.fit(pool, exponent: configuration.exponent)
        let candidates = Sampling.rows(
            configuration.bankCount * VisionLimits.coresetCandidatesPerPatch, of: pool,
            using: &random)
        let bank = Coreset.select(
            configuration.bankCount, from: whitening.apply(to: candidates), using: &random)
        let model = try DetectorGraph.distances(whitening, bank: bank, patches: patches)
        let session = try InferenceSession(runtime: runtime, model: model, threads: threads)
        return Fit(
            configuration: configuration, whitening: whitening, bank: bank, session: session)
    }

    /// The feature rows of each image.
    func rows(_ images: [LearnedImage], _ configuration: Configuration) throws(VisionError)
        -> [Rows]
    {
        let session = try InferenceSession(
            runtime: runtime,
            model: try DetectorGraph.rows(extractor, isSmoothed: configuration.isSmoothed),
            threads: threads)
        var out: [Rows] = []
        for image in images {
            let tensor = try session.run(
                [("features", .floats(image.features))], outputs: ["rows"])[0]
            out.append(Rows(width: extractor.channels, values: tensor.values))
        }
        return out
    }

    /// Whitened patches of one image and their distances to the bank.
    func distances(_ rows: Rows, _ fit: Fit) throws(VisionError) -> (
        whitened: Rows, distances: [Float]
    ) {
        let input = Tensor(shape: [rows.count, rows.width], values: rows.values)
        let outputs = try fit.session.run(
            [("rows", .floats(input))], outputs: ["whitened", "distances"])
        return (Rows(width: fit.whitening.outputs, values: outputs[0].values), outputs[1].values)
    }
}
