import Foundation
import Vision

/// A result for people.
struct EvaluationTable {
    let result: EvaluationResult

    var text: String {
        let (metrics, training) = (result.metrics, result.training)
        var rows = [
            (
                "Training",
                "\(training.normalImages) normal and \(training.anomalousImages) anomalous images, "
                    + "supervision \(result.supervision.rawValue), backbone \(training.backbone)"
            ),
            (
                "",
                "\(decimals(result.trainingSeconds, 1)) s, \(megabytes) at the peak"
            ),
            (
                "Test",
                "\(result.testNormalImages) normal and \(result.testAnomalousImages) anomalous "
                    + "images"
            ),
            ("AUROC", decimals(metrics.auroc, 3)),
            ("Average precision", decimals(metrics.averagePrecision, 3)),
            ("Threshold", decimals(result.threshold, 4)),
            (
                "F1",
                "\(decimals(metrics.f1, 3))  precision \(decimals(metrics.precision, 3))  "
                    + "recall \(decimals(metrics.recall, 3))"
            ),
            (
                "False alarms",
                "\(percent(metrics.falseAlarmRate)) of normal images; at 5 % recall would be "
                    + decimals(metrics.recallAt5PercentFalseAlarms, 3)
            ),
            ("Calibration error", decimals(metrics.expectedCalibrationError, 3)),
        ]
        if result.sharedImages > 0 {
            rows.append(
                (
                    "Beware",
                    "\(result.sharedImages) test images are training images too, so these figures "
                        + "are better than those of new images"
                ))
        }
        if metrics.pixelAuroc != nil {
            rows.append(("Pixel AUROC", decimals(metrics.pixelAuroc, 3)))
        }
        for (name, iou) in (metrics.labelIoU ?? [:]).sorted(by: { $0.key < $1.key }) {
            rows.append(("Mask IoU", "\(decimals(iou, 3))  \(name)"))
        }
        if let milliseconds = training.latencyMilliseconds,
            let bound = training.latencyMillisecondsMax
        {
            rows.append(("Latency in ms", LatencyBound.text(milliseconds, atMost: bound)))
        }
        rows.append(("Time an image", "\(decimals(metrics.millisecondsMedian, 1)) ms on one core"))
        return rows.map { $0.0.padding(toLength: 19, withPad: " ", startingAt: 0) + $0.1 }
            .joined(separator: "\n")
    }

    private var megabytes: String {
        result.trainingPeakMegabytes.map { "\(decimals($0, 0)) MB" } ?? "unknown memory"
    }

    private func decimals(_ value: Double?, _ count: Int) -> String {
        value.map { String(format: "%.\(count)f", $0) } ?? "–"
    }

    private func percent(_ value: Double?) -> String {
        value.map { decimals($0 * 100, 0) + " %" } ?? "–"
    }
}
