import Glibc
import Vision

/// Points of charts in a square of 100 units, the origin at the lower left, for templates.
enum Charts {
    /// The values of the template `charts`.
    ///
    /// - Parameter decision: with the threshold in force; nil for a model without files.
    static func values(_ results: TestResults, _ decision: Decision?) -> [String: Any] {
        var values: [String: Any] = ["hasCurve": false]
        if !results.curve.isEmpty {
            values["hasCurve"] = true
            values["curve"] = results.curve
            if let decision {
                let confusion = results.confusion(at: decision.threshold)
                values["pointX"] = number(
                    Double(confusion.falsePositives) / Double(max(1, results.normal.count)))
                values["pointY"] = number(1 - confusion.recall)
            }
        }
        if let decision, !results.images.isEmpty {
            let judged = results.probabilities(decision)
            let bins = Calibration.bins(judged)
            values["hasBins"] = true
            values["error"] = Calibration.expectedError(judged).map { Decimals.text($0) } ?? "–"
            values["bins"] = bins.compactMap { bin -> [String: Any]? in
                guard let probability = bin.probability, let share = bin.share else { return nil }
                let part = Double(bin.images) / Double(judged.count)
                return [
                    "x": number(probability), "y": number(1 - share),
                    "radius": Decimals.text(1.5 + 6 * part.squareRoot(), places: 2),
                    "images": bin.images, "probability": Decimals.text(probability),
                    "share": Decimals.text(share),
                ]
            }
        }
        return values
    }

    /// Corners of an ROC curve for a polyline; those that round to the one before are left out.
    static func curve(_ points: [Ranking.OperatingPoint]) -> String {
        var corners: [String] = []
        for point in points {
            let corner = "\(number(point.falseAlarmRate)),\(number(1 - point.recall))"
            if corner != corners.last { corners.append(corner) }
        }
        return corners.joined(separator: " ")
    }

    /// Bars of the scores of both classes over equal steps of the logarithm: for paper, where
    /// nothing moves.
    static func histogram(_ results: TestResults, _ band: Band) -> [String: Any] {
        let scores = results.images.map { max($0.score, 1e-9) } + [band.low, band.high]
        guard let low = scores.min(), let high = scores.max(), high > low else { return [:] }
        let (from, to) = (low * 0.9, high * 1.1)
        func place(_ score: Double) -> Double {
            log(max(score, from) / from) / log(to / from)
        }
        let count = 40
        var (normal, anomalous) = (
            [Int](repeating: 0, count: count), [Int](repeating: 0, count: count)
        )
        for image in results.images {
            let bin = min(count - 1, max(0, Int(place(image.score) * Double(count))))
            if image.isAnomalous { anomalous[bin] += 1 } else { normal[bin] += 1 }
        }
        let most = Double(max(1, (normal + anomalous).max() ?? 1))
        func bars(_ bins: [Int], isUp: Bool) -> [[String: Any]] {
            bins.enumerated().filter { $0.element > 0 }.map { index, images in
                let height = Double(images) / most * 0.48
                return [
                    "x": number(Double(index) / Double(count) * 2),
                    "y": number(isUp ? 0.5 - height : 0.5), "height": number(height),
                ]
            }
        }
        return [
            "normalBars": bars(normal, isUp: false), "anomalyBars": bars(anomalous, isUp: true),
            "low": number(place(band.low) * 2), "high": number(place(band.high) * 2),
            "isBand": band.low < band.high,
            "marks": [0, 0.25, 0.5, 0.75, 1].map { share -> [String: Any] in
                let score = from * pow(to / from, share)
                return ["x": number(share * 2), "text": Decimals.text(score, places: 2)]
            },
        ]
    }

    /// 0...1 of the square's side; a hundredth of a unit is less than a pixel.
    private static func number(_ share: Double) -> String { Decimals.text(share * 100, places: 2) }
}
