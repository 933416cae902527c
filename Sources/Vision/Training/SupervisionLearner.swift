import Glibc

/// Teaches a classifier of patches with labelled anomalies and finds its place in the score.
struct SupervisionLearner {
    /// Where the patches that show a defect come from.
    enum Teacher: String, Sendable {
        /// What masks cover.
        case masks
        /// The patches of anomalous images that are farthest from normal.
        case farthest
    }

    enum Method: String, Sendable, CaseIterable {
        case discriminant
        case logistic
    }

    /// How many deviations of the normal images' scores the distance must lie above what the
    /// classifier says before it counts by itself.
    private static let margins = [0.0, 1, 2]
    private static let shareFarthest = 0.01
    private static let normalPatches = 16_000
    private static let defectPatches = 16_000

    let validation: CrossValidation

    private var view: FeatureView { validation.view }

    /// What one image teaches.
    private struct Lesson {
        let fold: Int
        var normal: Rows
        var masked: Rows
        var farthest: Rows
    }

    /// One candidate for each teacher, method and margin.
    func candidates(_ base: Candidate) throws(VisionError) -> [Candidate] {
        let fit = try validation.fitAll(base.configuration)
        let inputs = try inputs(base.judgement, fit)
        let lessons = lessons(inputs, base.judgement)
        // What one fold alone shows cannot be judged without it.
        func isTaught(_ part: (Lesson) -> Rows) -> Bool {
            Set(lessons.filter { part($0).count > 0 }.map(\.fold)).count > 1
        }
        let teachers: [Teacher] =
            (isTaught(\.masked) ? [.masks] : []) + (isTaught(\.farthest) ? [.farthest] : [])
        var out: [Candidate] = []
        for teacher in teachers {
            for method in Method.allCases {
                out += joined(base, inputs, lessons, teacher, method)
            }
        }
        return out
    }

    /// The classifier of a candidate's kind, taught by all images.
    func fit(_ candidate: Candidate, _ teaching: Candidate.Teaching) throws(VisionError)
        -> Supervision
    {
        let fit = try validation.fitAll(candidate.configuration)
        let lessons = lessons(try inputs(candidate.judgement, fit), candidate.judgement)
        let classifier = train(lessons, teaching.teacher, teaching.method)
        var supervision = teaching.supervision
        supervision.weights = classifier.weights.map(Float.init)
        supervision.bias = Float(classifier.bias)
        return supervision
    }

    /// What the classifier sees of each image, with out-of-fold distances: normal ones first.
    private func inputs(_ judgement: CrossValidation.Judgement, _ fit: CrossValidation.Fit)
        throws(VisionError) -> [Rows]
    {
        let images = validation.images.normals + validation.images.anomalies
        let distances = judgement.normal + judgement.anomalous
        let session = try validation.rowsSession(
            isSmoothed: judgement.configuration.isSmoothed)
        var inputs: [Rows] = []
        for (image, distances) in zip(images, distances) {
            let rows = try validation.rows(image, session)
            inputs.append(validation.classifierInputs(image, rows, distances, fit))
        }
        return inputs
    }

    private func lessons(_ inputs: [Rows], _ judgement: CrossValidation.Judgement) -> [Lesson] {
        var random = SeededRandom(seed: validation.seed)
        let images = validation.images
        let normalShare = max(16, Self.normalPatches / max(1, images.normals.count))
        let defectShare = max(16, Self.defectPatches / max(1, images.anomalies.count))
        return inputs.indices.map { index in
            let rows = inputs[index]
            let empty = Rows(width: rows.width)
            func pick(_ patches: [Int]) -> Rows {
                var out = empty
                for patch in patches { out.append(rows[patch]) }
                return out
            }
            func sample(_ count: Int, _ patches: [Int]) -> [Int] {
                Sampling.indices(count, below: patches.count, using: &random).map { patches[$0] }
            }
            guard index >= images.normals.count else {
                // Half of them the hard ones: what is farthest from normal and still is.
                let order = Self.farthestFirst(judgement.normal[index])
                let hard = sample(normalShare / 2, Array(order.prefix(max(1, rows.count / 10))))
                let any = sample(normalShare / 2, Array(0..<rows.count))
                return Lesson(
                    fold: images.normalFolds[index], normal: pick(hard + any), masked: empty,
                    farthest: empty)
            }
            let anomaly = index - images.normals.count
            let order = Self.farthestFirst(judgement.anomalous[anomaly])
            let count = max(3, Int(Self.shareFarthest * Double(rows.count)))
            var lesson = Lesson(
                fold: images.anomalyFolds[anomaly], normal: empty, masked: empty,
                farthest: pick(sample(defectShare, Array(order.prefix(count)))))
            if let mask = images.anomalies[anomaly].mask {
                let coverage = mask.coverageOfAnyLabel(
                    gridWidth: view.gridWidth, gridHeight: view.gridHeight)
                lesson.masked = pick(sample(defectShare, MaskLearner.cells(coverage)))
                let clean = coverage.indices.filter { coverage[$0] == 0 }
                lesson.normal = pick(sample(normalShare / 2, clean))
            }
            return lesson
        }
    }

    private static func farthestFirst(_ distances: [Float]) -> [Int] {
        distances.indices.sorted { distances[$0] > distances[$1] }
    }

    private func train(_ lessons: [Lesson], _ teacher: Teacher, _ method: Method)
        -> LinearClassifier
    {
        let width = lessons[0].normal.width
        func all(_ part: (Lesson) -> Rows) -> Rows {
            Rows(width: width, values: lessons.flatMap { part($0).values })
        }
        let positive = all { teacher == .masks ? $0.masked : $0.farthest }
        // Without a teacher's masks the rest of an anomalous image is nobody's example.
        let normal = all {
            teacher == .farthest && $0.farthest.count > 0 ? Rows(width: width) : $0.normal
        }
        return method == .discriminant
            ? .discriminant(positive, normal) : .logistic(positive, normal)
    }

    /// Candidates of one way to teach, at its best pooling, with each margin.
    private func joined(
        _ base: Candidate, _ inputs: [Rows], _ lessons: [Lesson], _ teacher: Teacher,
        _ method: Method
    ) -> [Candidate] {
        let classifiers = (0..<Folds.count).map { fold in
            train(lessons.filter { $0.fold != fold }, teacher, method)
        }
        let highest = inputs.indices.map { index in
            Pooling.highest(opinions(inputs[index], classifiers[lessons[index].fold]))
        }
        let normals = base.normalScores.count
        var best: (merit: Double, fraction: Double, scores: [Double])?
        for fraction in Pooling.fractions {
            let scores = highest.map {
                Pooling.score(descending: $0, fraction: fraction, of: view.patches)
            }
            let (normal, anomalous) = (Array(scores[..<normals]), Array(scores[normals...]))
            let merit = Candidate.merit(
                auroc: Ranking.auroc(normal: normal, anomalous: anomalous),
                separation: Ranking.linearSeparation(normal: normal, anomalous: anomalous))
            if merit > (best?.merit ?? -1) + 1e-9 { best = (merit, fraction, scores) }
        }
        guard let best else { return [] }
        let distance = Ranking.moments(base.normalScores.map { log(max($0, 1e-9)) })
        let opinion = Ranking.moments(Array(best.scores[..<normals]))
        let scale = distance.variance.squareRoot() / max(opinion.variance.squareRoot(), 1e-6)
        return Self.margins.map { margin in
            let offset =
                distance.mean + margin * distance.variance.squareRoot() - scale * opinion.mean
            func joined(_ scores: [Double], _ opinions: ArraySlice<Double>) -> [Double] {
                zip(scores, opinions).map { max($0, exp(min(scale * $1 + offset, 20))) }
            }
            return Candidate(
                view: base.view, judgement: base.judgement, pooledFraction: base.pooledFraction,
                texture: base.texture,
                supervision: Candidate.Teaching(
                    teacher: teacher, method: method,
                    supervision: Supervision(
                        weights: [], bias: 0, pooledFraction: best.fraction,
                        scale: Float(scale), offset: Float(offset)), margin: margin),
                normalScores: joined(base.normalScores, best.scores[..<normals]),
                anomalousScores: joined(base.anomalousScores, best.scores[normals...]))
        }
    }

    /// The classifier's opinion on each patch, smoothed as in the graph.
    private func opinions(_ rows: Rows, _ classifier: LinearClassifier) -> [Float] {
        let weights = classifier.weights.map(Float.init)
        let bias = Float(classifier.bias)
        var values = [Float](repeating: bias, count: rows.count)
        rows.values.withUnsafeBufferPointer { source in
            for row in 0..<rows.count {
                var sum = bias
                for index in 0..<rows.width {
                    sum += source[row * rows.width + index] * weights[index]
                }
                values[row] = sum
            }
        }
        return FloatMap(width: view.gridWidth, height: view.gridHeight, values: values)
            .averaged3x3().values
    }
}
