import Base
import Synchronization

/// What the agent counted since it began, as Prometheus reads it.
package final class AgentMetrics: Sendable {
    /// Upper bounds in seconds, from a small image on a fast device to the largest on a slow one.
    private static let buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

    /// Upper bounds of score / threshold: 1 parts the verdicts, and near it are the doubtful ones.
    private static let ratios = [0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 4]

    private struct Counts {
        var normal = 0
        var anomalous = 0
        var failed = 0
        var seconds = 0.0
        var buckets = [Int](repeating: 0, count: AgentMetrics.buckets.count)
        /// Of the newest detection.
        var threshold: Double?
        var ratioSum = 0.0
        var ratios = [Int](repeating: 0, count: AgentMetrics.ratios.count)
    }

    private let counts = Mutex<[String: Counts]>([:])

    /// All counts begin at 0 with the process; nothing is kept across restarts.
    package init() {}

    func detected(
        _ component: String, isAnomalous: Bool, score: Double, threshold: Double, seconds: Double
    ) {
        update(component) { counts in
            if isAnomalous { counts.anomalous += 1 } else { counts.normal += 1 }
            counts.seconds += seconds
            for (index, bound) in Self.buckets.enumerated() where seconds <= bound {
                counts.buckets[index] += 1
            }
            counts.threshold = threshold
            let ratio = score / threshold
            counts.ratioSum += ratio
            for (index, bound) in Self.ratios.enumerated() where ratio <= bound {
                counts.ratios[index] += 1
            }
        }
    }

    /// - Parameter component: nil for one that the agent does not have.
    func failed(_ component: String?) {
        // The empty name is none, and is counted as unknown.
        update(component ?? "") { $0.failed += 1 }
    }

    private func update(_ component: String, _ body: (inout Counts) -> Void) {
        counts.withLock { counts in
            // Names come from callers: without a bound, wrong ones would fill the memory, and a
            // name that is none must not break the text.
            let isName = (try? ModelSource.checkName(component)) != nil
            let isKnown = counts[component] != nil || counts.count < AgentLimits.modelsMax
            let name = isName && isKnown ? component : "unknown"
            body(&counts[name, default: Counts()])
        }
    }

    /// - Parameters:
    ///   - models: all that the agent knows, with their states.
    ///   - waiting: calls that wait for a core.
    /// - Returns: all metrics in Prometheus' text format.
    package func text(models: [ModelListing], waiting: Int) -> String {
        var metrics = MetricsText(prefix: "spotter_edge_")
        metrics.begin("model_running", "gauge", "1 for a model that is RUNNING, 0 for another.")
        for model in models {
            let value = model.status == .running ? 1 : 0
            metrics.sample("model_running", [("component", model.component)], value)
        }
        metrics.begin("waiting_calls", "gauge", "Detections that wait for a core.")
        metrics.sample("waiting_calls", [], waiting)
        let all = counts.withLock { $0 }.sorted { $0.key < $1.key }
        metrics.begin("detections_total", "counter", "Detections by result.")
        for (component, counts) in all {
            let results = [
                ("normal", counts.normal), ("anomalous", counts.anomalous),
                ("error", counts.failed),
            ]
            for (result, count) in results {
                metrics.sample(
                    "detections_total", [("component", component), ("result", result)], count)
            }
        }
        metrics.begin("detection_seconds", "histogram", "Time of detections, waiting included.")
        for (component, counts) in all {
            metrics.histogram(
                "detection_seconds", [("component", component)], bounds: Self.buckets,
                counts: counts.buckets, sum: counts.seconds,
                total: counts.normal + counts.anomalous)
        }
        metrics.begin(
            "score_threshold_ratio", "histogram",
            "Scores of images as multiples of the threshold in force; above 1 is anomalous.")
        for (component, counts) in all {
            metrics.histogram(
                "score_threshold_ratio", [("component", component)], bounds: Self.ratios,
                counts: counts.ratios, sum: counts.ratioSum,
                total: counts.normal + counts.anomalous)
        }
        metrics.begin("threshold", "gauge", "Threshold of the newest detection.")
        for (component, counts) in all {
            guard let threshold = counts.threshold else { continue }
            metrics.sample("threshold", [("component", component)], threshold)
        }
        return metrics.text
    }
}
