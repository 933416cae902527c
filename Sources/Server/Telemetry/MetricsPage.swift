import Base
import Service
import Storage
import Synchronization
import Wire

/// The answers that the server gave, by operation and error.
final class RequestCounts: Sendable {
    struct Key: Hashable, Comparable {
        let operation: String
        /// `OK` or the name of the error.
        let result: String

        static func < (left: Key, right: Key) -> Bool {
            (left.operation, left.result) < (right.operation, right.result)
        }
    }

    private let counts = Mutex<[Key: Int]>([:])

    /// Operations of other services than the API have the service before their name.
    ///
    /// - Parameters:
    ///   - operation: nil for a path of none.
    ///   - error: one of the service's codes.
    func count(_ service: AWSService, _ operation: String?, _ error: String?) {
        let prefix = service == .lookoutvision ? "" : "\(service.rawValue):"
        let key = Key(operation: prefix + (operation ?? "none"), result: error ?? "OK")
        counts.withLock { $0[key, default: 0] += 1 }
    }

    var all: [(key: Key, count: Int)] {
        counts.withLock { $0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

/// `GET /metrics`.
struct MetricsPage {
    private var metrics = MetricsText(prefix: "spotter_")

    /// - Parameter share: calls a second of an operation that this process allows; nil when there
    ///   is no bound, or when it takes none.
    static func text(
        _ context: ServiceContext, requests: RequestCounts, members: [MemberRecord], share: Double?
    ) async throws -> String {
        var page = MetricsPage()
        let gauges = try await Gauges(context)
        page.detections(context.metrics.all())
        page.units(gauges.hosted)
        page.memory(gauges.memory)
        page.jobs(gauges)
        page.members(members, share)
        page.metrics.begin("requests_total", "counter", "Answers by operation and error.")
        for (key, count) in requests.all {
            page.metrics.sample(
                "requests_total", [("Operation", key.operation), ("Result", key.result)],
                count)
        }
        return page.metrics.text
    }

    private mutating func detections(
        _ all: [(key: DetectionMetrics.Key, counts: DetectionMetrics.Counts)]
    ) {
        let counters: [(String, String, KeyPath<DetectionMetrics.Counts, Int>)] = [
            ("processed_image_count_total", "Images judged.", \.processedImages),
            ("detected_anomaly_count_total", "Images judged anomalous.", \.detectedAnomalies),
            ("invalid_image_count_total", "Images that could not be judged.", \.invalidImages),
            (
                "successful_request_count_total", "DetectAnomalies calls answered.",
                \.successfulRequests
            ),
            ("error_count_total", "DetectAnomalies calls that failed.", \.errors),
            ("throttled_count_total", "DetectAnomalies calls turned away.", \.throttled),
        ]
        for (name, help, path) in counters {
            metrics.begin(name, "counter", help)
            for (key, counts) in all { metrics.sample(name, labels(key), counts[keyPath: path]) }
        }
        metrics.begin("time_seconds", "histogram", "Time of DetectAnomalies, waiting included.")
        for (key, counts) in all {
            metrics.histogram(
                "time_seconds", labels(key), bounds: DetectionMetrics.bounds,
                counts: counts.buckets, sum: counts.seconds, total: counts.successfulRequests)
        }
        metrics.begin(
            "score_threshold_ratio", "histogram",
            "Scores of images as multiples of the threshold in force; above 1 is anomalous.")
        for (key, counts) in all {
            metrics.histogram(
                "score_threshold_ratio", labels(key), bounds: DetectionMetrics.ratioBounds,
                counts: counts.ratios, sum: counts.ratioSum, total: counts.processedImages)
        }
    }

    private mutating func units(_ hosted: [Gauges.HostedModel]) {
        let values: [(String, String, KeyPath<Gauges.HostedModel, Int>)] = [
            ("min_inference_units", "MinInferenceUnits of StartModel.", \.minUnits),
            ("max_inference_units", "MaxInferenceUnits of StartModel.", \.maxUnits),
            ("desired_inference_units", "Units that the calls at hand want.", \.desiredUnits),
            ("in_service_inference_units", "Units that may run at once.", \.maxUnits),
            ("waiting_calls", "Calls that wait for a unit.", \.waitingCalls),
        ]
        for (name, help, path) in values {
            metrics.begin(name, "gauge", help)
            for model in hosted {
                metrics.sample(
                    name,
                    [("ProjectName", model.project), ("ModelVersion", "\(model.version)")],
                    model[keyPath: path])
            }
        }
        metrics.begin("threshold", "gauge", "Threshold in force; calls may bring their own.")
        for model in hosted {
            guard let threshold = model.threshold else { continue }
            metrics.sample(
                "threshold",
                [("ProjectName", model.project), ("ModelVersion", "\(model.version)")],
                threshold)
        }
    }

    private mutating func memory(_ memory: ModelHost.Memory) {
        let values: [(String, String, String, Int)] = [
            ("models_in_memory", "gauge", "Hosted models in memory.", memory.models),
            (
                "model_memory_bytes", "gauge",
                "Bytes of the models in memory and of those being loaded, by estimate.",
                memory.bytes
            ),
            ("model_memory_bytes_max", "gauge", "Their bound.", memory.bytesMax),
            ("model_loads_total", "counter", "Models loaded into memory.", memory.loads),
            (
                "model_evictions_total", "counter",
                "Models sent out of memory to make room for others.", memory.evictions
            ),
        ]
        for (name, type, help, value) in values {
            metrics.begin(name, type, help)
            metrics.sample(name, [], value)
        }
    }

    private mutating func jobs(_ gauges: Gauges) {
        metrics.begin("jobs", "gauge", "Jobs that wait or run.")
        for job in gauges.jobs {
            metrics.sample("jobs", [("Kind", job.kind), ("State", job.state.rawValue)], job.count)
        }
        metrics.begin("job_queue_age_seconds", "gauge", "Age of the oldest job that waits.")
        for (kind, age) in gauges.queueAgeSeconds.sorted(by: { $0.key < $1.key }) {
            metrics.sample("job_queue_age_seconds", [("Kind", kind)], age)
        }
    }

    private mutating func members(_ members: [MemberRecord], _ share: Double?) {
        metrics.begin("members", "gauge", "Servers and workers at the database that are alive.")
        for role in MemberRecord.Role.allCases {
            let count = members.count { $0.role == role }
            metrics.sample("members", [("Role", role.rawValue)], count)
        }
        metrics.begin(
            "requests_per_second_share", "gauge",
            "Calls a second of each operation that this server allows, of the limit for all.")
        if let share { metrics.sample("requests_per_second_share", [], share) }
    }

    private func labels(_ key: DetectionMetrics.Key) -> [(String, String)] {
        [("ProjectName", key.project), ("ModelVersion", key.version)]
    }
}
