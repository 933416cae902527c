import FoundationEssentials
import NIOPosix
import Service
import Vision
import Wire

/// How a model judged its test images: for the charts and the pictures behind them.
struct JudgePages {
    private let visit: Visit
    private let project: String
    private let version: String

    init(_ visit: Visit, _ project: String, _ version: String) {
        self.visit = visit
        self.project = project
        self.version = version
    }

    /// A model with all that its pages show of it.
    struct Judged {
        let model: ModelDescription
        let results: TestResults
        let thresholds: Operations.Thresholds
        /// nil for a model whose files are gone.
        let manifest: ModelManifest?

        var threshold: Double { thresholds.inForce ?? 0 }
        /// With the threshold in force.
        var decision: Decision? { manifest?.decision.moved(to: threshold) }
        var band: Band { Band(threshold: threshold, unsure: thresholds.unsure) }
        var confusion: Confusion { results.confusion(at: threshold) }
    }

    func judged() async throws -> Judged {
        let description: DescribeModelResponse = try await visit.perform(
            .describeModel, ["projectName": project, "modelVersion": version])
        let model = description.modelDescription
        guard let place = model.evaluationManifest else {
            throw WireError.conflict(
                "The model has no evaluation yet.", .model, "\(project)/\(version)")
        }
        return Judged(
            model: model, results: try await visit.shelf.results(at: place, for: visit),
            thresholds: try await visit.operations.thresholds(of: project, version),
            manifest: try? await visit.operations.manifest(of: project, version))
    }

    // MARK: For the chart

    /// The judged test images.
    func results() async throws -> ConsoleResponse {
        ConsoleResponse(
            200, "application/json", try await judged().results.document, headers: Page.headers)
    }

    /// Curves, labels and what training chose: a part of a page.
    func figures() async throws -> ConsoleResponse {
        let judged = try await judged()
        return visit.html("figures", try await details(judged))
    }

    /// The values of the templates `charts` and `choice`.
    func details(_ judged: Judged) async throws -> [String: Any] {
        var values = Charts.values(judged.results, judged.decision)
        values["threshold"] = Decimals.text(judged.threshold, places: 4)
        if let manifest = judged.manifest {
            values.merge(TrainingChoice(manifest).values(visit.page)) { $1 }
        }
        let labels = try await labels(judged)
        values["labels"] = labels
        values["hasLabels"] = !labels.isEmpty
        return values
    }

    /// The evaluation's own figures of each label.
    private func labels(_ judged: Judged) async throws -> [[String: Any]] {
        guard let place = judged.model.evaluationResult else { return [] }
        let bytes = try await visit.operations.object(
            "s3://\(place.bucket)/\(place.key)", bytesMax: ConsoleLimits.evaluationBytesMax)
        let metrics = try? JSONValue(parsing: bytes).object?["AggregatedEvaluationResults"]?.object
        guard case .array(let items) = metrics?["Metrics"]?.object?["PixelAnomalyClassMetrics"]
        else { return [] }
        return items.compactMap { item -> [String: Any]? in
            guard let label = item.object, let name = label["ClassName"]?.string else { return nil }
            func figure(_ name: String) -> String {
                label[name]?.double.map { Decimals.text($0) } ?? "–"
            }
            return [
                "name": name, "precision": figure("Precision"), "recall": figure("Recall"),
                "f1": figure("F1Score"), "iou": figure("AIOU"),
            ]
        }
    }

    // MARK: One picture

    /// What the model sees in one picture: maps and masks as pictures whose grey values mean
    /// something, since the browser gives them colour and opacity.
    func review() async throws -> ConsoleResponse {
        let source = visit.request.parameter("source") ?? ""
        let review = try await visit.operations.review(project, version, source)
        let answer = try await visit.context.pools.images.runIfActive {
            try Self.answer(review.detection, review.labels, review.truth)
        }
        return try visit.json(.object(answer))
    }

    /// The members of an answer about one picture. Takes time: not on the cooperative pool.
    ///
    /// - Parameter truth: what people outlined, by `labels`.
    static func answer(_ detection: Detection, _ labels: [LabelClass], _ truth: LabelMask?) throws
        -> [String: JSONValue]
    {
        var members: [String: JSONValue] = [
            "anomalous": .boolean(detection.isAnomalous),
            "confidence": .number(detection.confidence), "score": .number(detection.score),
            "threshold": .number(detection.threshold),
            "heat": .string(try heat(detection).base64EncodedString()),
        ]
        if let segmentation = detection.segmentation {
            members["predicted"] = .string(
                try grey(segmentation.indices, segmentation.width, segmentation.height))
        }
        if let truth {
            members["truth"] = .string(try grey(truth.indices, truth.width, truth.height))
        }
        members["labels"] = .array(
            labels.enumerated().map { index, label in
                var figures: [String: JSONValue] = [
                    "name": .string(label.name), "color": .string(label.color),
                ]
                if let predicted = detection.segmentation, let truth {
                    var confusion = Confusion()
                    let value = UInt8(index + 1)
                    for pixel in truth.indices.indices {
                        confusion.count(
                            predicted: predicted.indices[pixel] == value,
                            actual: truth.indices[pixel] == value)
                    }
                    figures["iou"] = .number(confusion.iou)
                    figures["isThere"] = .boolean(
                        confusion.truePositives + confusion.falsePositives
                            + confusion.falseNegatives > 0)
                }
                return .object(figures)
            })
        return members
    }

    /// The anomaly map in the size of the model's input; 128 is the threshold.
    static func heat(_ detection: Detection) throws -> Data {
        let map = detection.map
        let scale = 128 / max(Float(detection.threshold), 1e-9)
        return try PNG.encode(
            indices: map.values.map { UInt8(min(max($0 * scale, 0), 255)) }, width: map.width,
            height: map.height, palette: greys)
    }

    private static func grey(_ indices: [UInt8], _ width: Int, _ height: Int) throws -> String {
        try PNG.encode(indices: indices, width: width, height: height, palette: greys)
            .base64EncodedString()
    }

    private static let greys = (0...255).map { RGB(UInt8($0), UInt8($0), UInt8($0)) }
}
