package import FoundationEssentials
package import Logging
package import NIOPosix
import ServiceLifecycle
import Storage

/// Brings audit lines into the state bucket, every minute and before the process ends: a machine
/// may be lost together with its disk.
package struct AuditDelivery: ServiceLifecycle.Service {
    private let queue: AuditQueue
    private let bucket: StateBucket
    private let pool: NIOThreadPool
    private let now: @Sendable () -> Date
    private let clock: any Clock<Duration>
    private let logger: Logger

    /// - Parameters:
    ///   - source: this server; objects have its name.
    ///   - pool: where files are read.
    package init(
        files: AuditFiles, source: AuditSource, bucket: StateBucket, pool: NIOThreadPool,
        now: @escaping @Sendable () -> Date, clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        queue = AuditQueue(files, source: source, logger: logger)
        self.bucket = bucket
        self.pool = pool
        self.now = now
        self.clock = clock
        self.logger = logger
    }

    /// Delivers every `Limits.auditDeliverySeconds`, and once more after the request to shut down,
    /// for at most `Limits.auditLastDeliverySeconds`. Errors are logged; it never throws.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await tryToDeliver()
                try? await clock.sleep(for: .seconds(Limits.auditDeliverySeconds))
            }
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await tryToDeliver() }
            group.addTask {
                try? await clock.sleep(for: .seconds(Limits.auditLastDeliverySeconds))
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func tryToDeliver() async {
        do {
            try await deliver()
        } catch is CancellationError {
        } catch {
            logger.warning(
                "Audit lines could not be delivered; they stay in the data directory",
                metadata: ["error": "\(error)"])
        }
    }

    /// Delivers all lines there are, an object for each `Limits.auditObjectSeconds`.
    ///
    /// - Throws: `StorageError` when a file or the bucket cannot be used; what was delivered until
    ///   then is not delivered again.
    package func deliver() async throws {
        let (queue, now) = (queue, now())
        while let piece = try await pool.runIfActive({ try queue.next(now: now) }) {
            try Task.checkCancellation()
            try await put(piece)
            try await pool.runIfActive { try queue.delivered() }
        }
    }

    private func put(_ piece: AuditQueue.Piece) async throws {
        do {
            try await bucket.objects.put(.bytes(piece.bytes), at: bucket.location(piece.key))
        } catch let error as StorageError where error.code == .noSuchBucket {
            try await bucket.objects.createBucket(bucket.name)
            try await bucket.objects.put(.bytes(piece.bytes), at: bucket.location(piece.key))
        }
    }
}
