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

    /// How much an opinion weighs against the distance, where both have the same deviation among
    /// normal images. With several labels the weight is chosen; else it is the first: what one kind
    /// of defect says about it holds for that kind alone.
    private static let weights = [2.0, 1, 0.5]
    /// Share of an opinion's cells, the highest, whose mean counts: defects of few cells are heard,
    /// single cells are not.
    private static let pooledFraction = 0.005
    private static let shareFarthest = 0.01
    private static let normalPatches = 10_000
    private static let defectPatches = 8_000

    let validation: CrossValidation

    private var view: FeatureView { validation.view }

    /// What one image teaches.
    private struct Lesson {
        let fold: Int
        var normal: Rows
        var masked: Rows
        var farthest: Rows
    }

    /// The candidate with a classifier; nil where nothing can be taught, or where what was taught
    /// spoils the ranking of labels that it was not taught.
    func candidate(_ base: Candidate) throws(VisionError) -> Candidate? {
        let reader = try Reader(validation, base.judgement)
        let lessons = try lessons(reader)
        // What one fold alone shows cannot be judged without it.
        func isTaught(_ part: (Lesson) -> Rows) -> Bool {
            Set(lessons.filter { part($0).count > 0 }.map(\.fold)).count > 1
        }
        let teacher: Teacher
        if isTaught(\.masked) {
            teacher = .masks
        } else if isTaught(\.farthest) {
            teacher = .farthest
        } else {
            return nil
        }
        var weight = Self.weights[0]
        if let folds = validation.images.labelFolds {
            // Held out label by label: what ranks labels that it knows need not rank others.
            let opinions = try opinions(
                reader, lessons, teacher, folds: validation.images.normalFolds + folds)
            let unseen = Self.weights.map { joined(base, opinions, teacher, weight: $0) }
            let best = unseen.reduce(unseen[0]) { $1.merit > $0.merit + 1e-9 ? $1 : $0 }
            guard (best.auroc ?? 0) >= (base.auroc ?? 0) - Candidate.lossMax else { return nil }
            weight = best.supervision?.weight ?? weight
        }
        let opinions = try opinions(reader, lessons, teacher, folds: lessons.map(\.fold))
        return joined(base, opinions, teacher, weight: weight)
    }

    /// The classifier of a candidate's kind, taught by all images.
    func fit(_ candidate: Candidate, _ teaching: Candidate.Teaching) throws(VisionError)
        -> Supervision
    {
        let lessons = try lessons(try Reader(validation, candidate.judgement))
        let classifier = train(lessons, teaching.teacher)
        var supervision = teaching.supervision
        supervision.weights = classifier.weights.map(Float.init)
        supervision.bias = Float(classifier.bias)
        return supervision
    }

    /// What the classifier sees of each image, with out-of-fold distances.
    private struct Reader {
        let own: ClassifierReader
        /// Normal ones first.
        let images: [ViewImage]
        let distances: [[Float]]

        init(_ validation: CrossValidation, _ judgement: CrossValidation.Judgement)
            throws(VisionError)
        {
            own = try ClassifierReader(
                validation, try validation.fitAll(judgement.configuration))
            images = validation.images.normals + validation.images.anomalies
            distances = judgement.normal + judgement.anomalous
        }

        /// - Parameter cells: a row each; nil for all.
        func inputs(_ image: Int, cells: [Int]? = nil) throws(VisionError) -> Rows {
            try own.inputs(images[image], distances[image], cells: cells)
        }
    }

    private func lessons(_ reader: Reader) throws(VisionError) -> [Lesson] {
        var random = SeededRandom(seed: validation.seed)
        let images = validation.images
        let normalShare = max(16, Self.normalPatches / max(1, images.normals.count))
        let defectShare = max(16, Self.defectPatches / max(1, images.anomalies.count))
        func sample(_ count: Int, _ patches: [Int]) -> [Int] {
            Sampling.indices(count, below: patches.count, using: &random).map { patches[$0] }
        }
        var lessons: [Lesson] = []
        for index in reader.images.indices {
            let order = Self.farthestFirst(reader.distances[index])
            guard index >= images.normals.count else {
                // Half of them the hard ones: what is farthest from normal and still is.
                let hard = sample(normalShare / 2, Array(order.prefix(max(1, order.count / 10))))
                let any = sample(normalShare / 2, Array(order.indices))
                let normal = try reader.inputs(index, cells: hard + any)
                let empty = Rows(width: normal.width)
                lessons.append(
                    Lesson(
                        fold: images.normalFolds[index], normal: normal, masked: empty,
                        farthest: empty))
                continue
            }
            let anomaly = index - images.normals.count
            let count = max(3, Int(Self.shareFarthest * Double(order.count)))
            let farthest = sample(defectShare, Array(order.prefix(count)))
            var (masked, clean): ([Int], [Int]) = ([], [])
            if let mask = images.anomalies[anomaly].mask {
                let coverage = mask.coverageOfAnyLabel(
                    gridWidth: view.gridWidth, gridHeight: view.gridHeight)
                masked = sample(defectShare, MaskLearner.cells(coverage))
                clean = sample(
                    normalShare / 2, coverage.indices.filter { coverage[$0] == 0 })
            }
            // One pass over the image for all three.
            let rows = try reader.inputs(index, cells: clean + masked + farthest)
            let (others, end) = (clean.count + masked.count, rows.count)
            lessons.append(
                Lesson(
                    fold: images.anomalyFolds[anomaly],
                    normal: rows.picked(Array(0..<clean.count)),
                    masked: rows.picked(Array(clean.count..<others)),
                    farthest: rows.picked(Array(others..<end))))
        }
        return lessons
    }

    private static func farthestFirst(_ distances: [Float]) -> [Int] {
        distances.indices.sorted { distances[$0] > distances[$1] }
    }

    private func train(_ lessons: [Lesson], _ teacher: Teacher) -> LinearClassifier {
        let width = lessons[0].normal.width
        func all(_ part: (Lesson) -> Rows) -> Rows {
            Rows(width: width, values: lessons.flatMap { part($0).values })
        }
        let positive = all { teacher == .masks ? $0.masked : $0.farthest }
        // Without a teacher's masks the rest of an anomalous image is nobody's example.
        let normal = all {
            teacher == .farthest && $0.farthest.count > 0 ? Rows(width: width) : $0.normal
        }
        return .logistic(positive, normal)
    }

    /// The opinion on each image of a classifier that saw none of the image's fold.
    private func opinions(
        _ reader: Reader, _ lessons: [Lesson], _ teacher: Teacher, folds: [Int]
    ) throws(VisionError) -> [Double] {
        let classifiers = (0..<Folds.count).map { fold in
            train(lessons.indices.filter { folds[$0] != fold }.map { lessons[$0] }, teacher)
        }
        var scores: [Double] = []
        for image in reader.images.indices {
            let inputs = try reader.inputs(image)
            scores.append(
                Pooling.score(
                    opinions(inputs, classifiers[folds[image]]), fraction: Self.pooledFraction))
        }
        return scores
    }

    private func joined(
        _ base: Candidate, _ opinions: [Double], _ teacher: Teacher, weight: Double
    ) -> Candidate {
        let normals = base.normalScores.count
        let distance = Ranking.moments(base.normalScores.map { log(max($0, 1e-9)) })
        let opinion = Ranking.moments(Array(opinions[..<normals]))
        let scale =
            weight * (distance.variance / max(opinion.variance, 1e-12)).squareRoot()
        let supervision = Supervision(
            weights: [], bias: 0, pooledFraction: Self.pooledFraction, scale: Float(scale),
            offset: Float(-scale * opinion.mean))
        func joined(_ scores: [Double], _ opinions: ArraySlice<Double>) -> [Double] {
            zip(scores, opinions).map { $0 * exp(supervision.logFactor($1)) }
        }
        return Candidate(
            view: base.view, judgement: base.judgement, pooledFraction: base.pooledFraction,
            texture: base.texture,
            supervision: Candidate.Teaching(
                teacher: teacher, supervision: supervision, weight: weight),
            normalScores: joined(base.normalScores, opinions[..<normals]),
            anomalousScores: joined(base.anomalousScores, opinions[normals...]))
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
