import Access
import FoundationEssentials
import Glibc
import Logging
import NIOPosix
import Service
import Storage
import Synchronization
import Wire

/// One JSON line for each call of the API, in `audit.jsonl`; a full file becomes `audit.jsonl.1`,
/// that one `audit.jsonl.2` and so on, and the oldest goes.
final class AuditLog: Sendable {
    private struct State {
        var file: Int32
        var size: Int
    }

    private let path: String
    private let fileBytesMax: Int
    private let filesMax: Int
    private let arns: ARNs
    /// A thread of its own, so that a line never waits behind a training.
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let state: Mutex<State>

    init(directory: String, limits: AdjustableLimits, arns: ARNs) throws {
        path = "\(directory)/audit.jsonl"
        fileBytesMax = limits.auditFileBytesMax
        filesMax = limits.auditFilesMax
        self.arns = arns
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw ServerError(
                "The audit log's directory \(directory) cannot be made: "
                    + "\(String(cString: strerror(errno))).")
        }
        state = Mutex(try Self.opened(path))
        pool.start()
    }

    deinit { state.withLock { _ = close($0.file) } }

    func shutDown() async throws { try await pool.shutdownGracefully() }

    /// Writes the call's line before its answer goes out. A line that cannot be written is told to
    /// the log and does not fail the call: it has been done already.
    func record(_ call: APICall, at time: Date, logger: Logger) async {
        guard let record = AuditRecord.json(call, arns: arns, time: time) else { return }
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let line = try encoder.encode(record) + [UInt8(ascii: "\n")]
            try await pool.runIfActive { try self.append(line) }
        } catch {
            logger.error(
                "The audit log could not be written",
                metadata: ["requestID": "\(call.requestID)", "error": "\(error)"])
        }
    }

    private func append(_ line: Data) throws {
        try state.withLock { state in
            if state.size > 0, state.size + line.count > fileBytesMax { try rotate(&state) }
            let count = line.withUnsafeBytes { write(state.file, $0.baseAddress, $0.count) }
            guard count == line.count else {
                let failure = Self.failure("write", path)
                // Half a line would be joined to the next one.
                _ = ftruncate(state.file, state.size)
                throw failure
            }
            state.size += count
        }
    }

    private func rotate(_ state: inout State) throws {
        for number in stride(from: filesMax - 1, to: 0, by: -1) {
            let older = number == 1 ? path : "\(path).\(number - 1)"
            guard rename(older, "\(path).\(number)") == 0 || errno == ENOENT else {
                throw Self.failure("rename", older)
            }
        }
        if filesMax == 1 { unlink(path) }
        let fresh = try Self.opened(path)
        close(state.file)
        state = fresh
    }

    private static func opened(_ path: String) throws -> State {
        let file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("open", path) }
        var size = Int(lseek(file, 0, SEEK_END))
        // A crash may have cut the last line; the next one must not be joined to it.
        var last: UInt8 = 0
        if size > 0, pread(file, &last, 1, size - 1) == 1, last != UInt8(ascii: "\n") {
            size += write(file, "\n", 1)
        }
        return State(file: file, size: size)
    }

    private static func failure(_ verb: String, _ path: String) -> ServerError {
        ServerError("Cannot \(verb) \(path): \(String(cString: strerror(errno))).")
    }
}
