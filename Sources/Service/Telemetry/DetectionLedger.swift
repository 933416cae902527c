package import FoundationEssentials
import Logging
import ServiceLifecycle
package import Storage
import Synchronization

/// Counts the images that models judge on each day, and writes the sums to the database from time
/// to time and at the end, so that they outlive the process.
package final class DetectionLedger: Sendable {
    private struct Key: Hashable {
        let project: String
        let version: Int
        let day: Int
    }

    private struct Counts {
        var images = 0
        var anomalies = 0
    }

    private let counts = Mutex<[Key: Counts]>([:])

    /// Nothing is counted yet.
    package init() {}

    /// Days since 1970 in UTC.
    package static func day(of date: Date) -> Int {
        Int((date.timeIntervalSince1970 / 86_400).rounded(.down))
    }

    func detected(_ model: ModelRecord, isAnomalous: Bool, at now: Date) {
        let key = Key(project: model.project, version: model.version, day: Self.day(of: now))
        counts.withLock { counts in
            // What cannot be written for long must not fill the memory.
            guard counts[key] != nil || counts.count < Limits.countedModelsMax else { return }
            counts[key, default: Counts()].images += 1
            if isAnomalous { counts[key, default: Counts()].anomalies += 1 }
        }
    }

    /// Adds what was counted since the last call to the database, and removes what is too old.
    ///
    /// - Throws: what the database throws; the counts stay for the next call.
    package func write(to metadata: any MetadataStore, now: Date) async throws {
        let taken = counts.withLock { counts in
            defer { counts = [:] }
            return counts
        }
        guard !taken.isEmpty else { return }
        do {
            try await metadata.write { transaction in
                // In one order, so that servers do not wait for each other in a circle.
                for (key, counts) in taken.sorted(by: { Self.isBefore($0.key, $1.key) }) {
                    try transaction.add(
                        DetectionDay(
                            project: key.project, version: key.version, day: key.day,
                            images: counts.images, anomalies: counts.anomalies))
                }
                try transaction.removeDetections(
                    before: Self.day(of: now) - Limits.detectionDaysMax)
            }
        } catch {
            counts.withLock { counts in
                for (key, lost) in taken {
                    counts[key, default: Counts()].images += lost.images
                    counts[key, default: Counts()].anomalies += lost.anomalies
                }
            }
            throw error
        }
    }

    private static func isBefore(_ left: Key, _ right: Key) -> Bool {
        (left.project, left.version, left.day) < (right.project, right.version, right.day)
    }
}

/// Writes the counts of a process every `Limits.detectionCountSeconds` and at its end.
package struct DetectionCounter: Service {
    private let context: ServiceContext

    /// - Parameter context: of the process that judges the images.
    package init(context: ServiceContext) { self.context = context }

    /// Runs until the request to shut down. Errors are logged; it never throws.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await context.clock.sleep(for: .seconds(Limits.detectionCountSeconds))
                await write()
            }
        }
        await write()
    }

    private func write() async {
        do {
            try await Shield.run { [context] in
                try await context.ledger.write(to: context.metadata, now: context.now())
            }
        } catch {
            context.logger.warning(
                "The counts of detections could not be written", metadata: ["error": "\(error)"])
        }
    }
}
