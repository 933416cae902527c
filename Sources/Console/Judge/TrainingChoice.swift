import Vision

/// What training tried and what it chose, for people.
struct TrainingChoice {
    private let manifest: ModelManifest

    init(_ manifest: ModelManifest) { self.manifest = manifest }

    /// The values of the template `choice`.
    func values(_ page: Page) -> [String: Any] {
        let training = manifest.training
        var values: [String: Any] = [
            "hasChoice": true, "backbone": training.backbone, "folds": training.folds,
            "trainNormal": training.normalImages, "trainAnomalous": training.anomalousImages,
            "input": "\(manifest.input.width)×\(manifest.input.height)",
            "expectedAlarms": Decimals.text(training.expectedFalseAlarmRate),
            "candidates": training.candidates.map { row($0, page) },
            "hasCandidates": !training.candidates.isEmpty,
        ]
        if let drawn = training.drawnAnomalies { values["drawn"] = drawn }
        if let f1 = training.f1 { values["validationF1"] = Decimals.text(f1) }
        let labels = (training.labelIoU ?? [:]).sorted { $0.key < $1.key }
        values["validationLabels"] = labels.map {
            ["name": $0.key, "iou": Decimals.text($0.value)]
        }
        return values
    }

    private func row(_ candidate: TrainingSummary.Candidate, _ page: Page) -> [String: Any] {
        let isChosen = candidate == manifest.training.chosen
        let size = candidate.inputWidth.flatMap { width in
            candidate.inputHeight.map { "\(width)×\($0)" }
        }
        return [
            "isChosen": isChosen, "backbone": candidate.backbone ?? manifest.training.backbone,
            "input": size ?? "–", "stride": candidate.stride.map(String.init) ?? "–",
            "model": candidate.normalModel ?? "–",
            "pooling": candidate.pooledFraction == 0
                ? page.text("choice_maximum")
                : "\(Decimals.text(candidate.pooledFraction * 100, places: 1)) %",
            "teacher": candidate.supervision ?? "–",
            "auroc": candidate.auroc.map { Decimals.text($0) } ?? "–",
        ]
    }
}
