import Storage
import Synchronization
import Wire

/// What DetectAnomalies did since the server began, by model, under the names that Lookout for
/// Vision published in CloudWatch.
package final class DetectionMetrics: Sendable {
    /// Why a call was not answered with a verdict.
    package enum Failure: Sendable {
        /// The image cannot be judged: InvalidImageCount and ErrorCount.
        case invalidImage
        case throttled
        case other
    }

    /// Sums of a model's calls. They begin at 0 with the process and only rise.
    package struct Counts: Sendable, Equatable {
        /// Images that got a verdict: ProcessedImageCount.
        package var processedImages = 0
        /// Those of them that are anomalous: DetectedAnomalyCount.
        package var detectedAnomalies = 0
        /// Bodies that are not an image within bounds: InvalidImageCount.
        package var invalidImages = 0
        /// SuccessfulRequestCount; the same as `processedImages`, since a call has one image.
        package var successfulRequests = 0
        /// Calls that failed, invalid images among them, throttled ones not: ErrorCount.
        package var errors = 0
        /// Calls for which no unit or memory was free: ThrottledCount.
        package var throttled = 0
        /// Sum over the successful calls, waiting and loading included: Time.
        package var seconds = 0.0
        /// Calls that took at most as long as `DetectionMetrics.bounds` says, each with those of
        /// the bounds below.
        package var buckets = [Int](repeating: 0, count: DetectionMetrics.bounds.count)
        /// Sum of score / threshold over the processed images.
        package var ratioSum = 0.0
        /// Images whose score was at most so many times the threshold as `ratioBounds` says.
        package var ratios = [Int](repeating: 0, count: DetectionMetrics.ratioBounds.count)
    }

    /// A model, in the order of pages; `other` and `other` for those beyond
    /// `Limits.countedModelsMax`.
    package struct Key: Sendable, Hashable, Comparable {
        /// Label of the samples.
        package let project: String
        /// As text, since it is a label; compared as text, too.
        package let version: String

        /// By project, then by version as text: `10` comes before `9`.
        package static func < (left: Key, right: Key) -> Bool {
            (left.project, left.version) < (right.project, right.version)
        }
    }

    /// Upper bounds in seconds, from a small image on an idle server to a queue before it.
    package static let bounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// Upper bounds of score / threshold: 1 parts the verdicts, and near it are the doubtful ones.
    package static let ratioBounds = [0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 4]

    private let counts = Mutex<[Key: Counts]>([:])

    /// All counts begin at 0 with the process.
    package init() {}

    func detected(_ model: ModelRecord, _ judged: JudgedImage, seconds: Double) {
        let ratio = judged.score / judged.threshold
        update(model) { counts in
            counts.processedImages += 1
            counts.successfulRequests += 1
            if judged.result.isAnomalous { counts.detectedAnomalies += 1 }
            counts.seconds += seconds
            for (index, bound) in Self.bounds.enumerated() where seconds <= bound {
                counts.buckets[index] += 1
            }
            counts.ratioSum += ratio
            for (index, bound) in Self.ratioBounds.enumerated() where ratio <= bound {
                counts.ratios[index] += 1
            }
        }
    }

    func failed(_ model: ModelRecord, _ failure: Failure) {
        update(model) { counts in
            switch failure {
            case .invalidImage:
                counts.invalidImages += 1
                counts.errors += 1
            case .throttled: counts.throttled += 1
            case .other: counts.errors += 1
            }
        }
    }

    private func update(_ model: ModelRecord, _ body: (inout Counts) -> Void) {
        let key = Key(project: model.project, version: String(model.version))
        counts.withLock { counts in
            let isCounted = counts[key] != nil || counts.count < Limits.countedModelsMax
            let place = isCounted ? key : Key(project: "other", version: "other")
            body(&counts[place, default: Counts()])
        }
    }

    /// The counts of every model that was called, in the order of their keys, as of one moment.
    package func all() -> [(key: Key, counts: Counts)] {
        counts.withLock { $0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
