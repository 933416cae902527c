import Access
import Base
import FoundationEssentials
import Logging
import NIOPosix
import Service
import Wire

/// One JSON line for each call of the API, in the files of `AuditFiles`.
final class AuditLog: Sendable {
    /// The calls whose signature was right.
    let files: AuditFiles
    private let unverified: AuditFiles
    let source: AuditSource
    private let arns: ARNs
    /// A thread of its own, so that a line never waits behind a training.
    private let pool = NIOThreadPool(numberOfThreads: 1)

    /// - Parameters:
    ///   - files: get the calls whose signature was right.
    ///   - unverified: get the others, which anybody can send.
    ///   - source: this server; every line names it.
    init(files: AuditFiles, unverified: AuditFiles, source: AuditSource, arns: ARNs) {
        self.files = files
        self.unverified = unverified
        self.source = source
        self.arns = arns
        pool.start()
    }

    func shutDown() async throws { try await pool.shutdownGracefully() }

    /// Writes the call's line before its answer goes out. A line that cannot be written is told to
    /// the log and does not fail the call: it has been done already.
    func record(_ call: APICall, at time: Date, logger: Logger) async {
        guard let record = AuditRecord.json(call, arns: arns, source: source, time: time) else {
            return
        }
        do {
            let line = try JSONCoding.encode(record) + [UInt8(ascii: "\n")]
            let files = call.isVerified ? files : unverified
            try await pool.runIfActive { try files.append(line) }
        } catch {
            logger.error(
                "The audit log could not be written",
                metadata: ["requestID": "\(call.requestID)", "error": "\(error)"])
        }
    }
}
