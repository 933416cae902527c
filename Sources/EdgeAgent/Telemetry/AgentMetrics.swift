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

    /// Prometheus' text format 0.0.4.
    package func text(models: [ModelListing], waiting: Int) -> String {
        var lines = ["# TYPE spotter_edge_model_running gauge"]
        for model in models {
            let value = model.status == .running ? 1 : 0
            lines.append("spotter_edge_model_running{component=\"\(model.component)\"} \(value)")
        }
        lines += [
            "# TYPE spotter_edge_waiting_calls gauge", "spotter_edge_waiting_calls \(waiting)",
            "# TYPE spotter_edge_detections_total counter",
        ]
        let all = counts.withLock { $0 }.sorted { $0.key < $1.key }
        for (component, counts) in all {
            let results = [
                ("normal", counts.normal), ("anomalous", counts.anomalous),
                ("error", counts.failed),
            ]
            for (result, count) in results {
                lines.append(
                    "spotter_edge_detections_total{component=\"\(component)\",result=\"\(result)\"} "
                        + "\(count)")
            }
        }
        let seconds = "spotter_edge_detection_seconds"
        lines.append("# TYPE \(seconds) histogram")
        for (component, counts) in all {
            lines += Self.histogram(
                seconds, component, Self.buckets, counts.buckets, sum: counts.seconds,
                total: counts.normal + counts.anomalous)
        }
        let ratio = "spotter_edge_score_threshold_ratio"
        lines.append("# TYPE \(ratio) histogram")
        for (component, counts) in all {
            lines += Self.histogram(
                ratio, component, Self.ratios, counts.ratios, sum: counts.ratioSum,
                total: counts.normal + counts.anomalous)
        }
        lines.append("# TYPE spotter_edge_threshold gauge")
        for (component, counts) in all {
            guard let threshold = counts.threshold else { continue }
            lines.append("spotter_edge_threshold{component=\"\(component)\"} \(threshold)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func histogram(
        _ name: String, _ component: String, _ bounds: [Double], _ counts: [Int], sum: Double,
        total: Int
    ) -> [String] {
        zip(bounds, counts).map { bound, count in
            "\(name)_bucket{component=\"\(component)\",le=\"\(bound)\"} \(count)"
        } + [
            "\(name)_bucket{component=\"\(component)\",le=\"+Inf\"} \(total)",
            "\(name)_sum{component=\"\(component)\"} \(sum)",
            "\(name)_count{component=\"\(component)\"} \(total)",
        ]
    }
}
