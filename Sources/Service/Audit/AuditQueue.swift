import Base
import FoundationEssentials
import Glibc
import Logging
import Storage
import Synchronization

/// What of an audit log's files was delivered, and what comes next. Its calls block, and follow one
/// another.
final class AuditQueue: Sendable {
    /// What becomes one object.
    struct Piece: Sendable, Equatable {
        let key: String
        let bytes: Data
    }

    /// In `position.json`.
    private struct Position: Codable {
        struct Pending: Codable {
            let key: String
            let end: Int
        }

        /// SHA-256 of the first line: a file's name changes, and numbers of files come again.
        let file: String
        /// Bytes of the file that were delivered.
        var offset: Int
        /// The object that is being written, with the bytes from `offset` to its `end`.
        var pending: Pending?
    }

    private struct State {
        var position: Position?
        var sequence = 0
    }

    /// Of a file, in which the first line's `eventID` is found: texts before it are 1 KiB at most,
    /// six times that when escaped.
    private static let headBytesMax = 16 << 10

    private let files: AuditFiles
    private let source: AuditSource
    private let logger: Logger
    private let state: Mutex<State>
    private var path: String { "\(files.directory)/position.json" }

    init(_ files: AuditFiles, source: AuditSource, logger: Logger) {
        self.files = files
        self.source = source
        self.logger = logger
        // A crash may have left what was to become a position.
        let names = try? FileManager.default.contentsOfDirectory(atPath: files.directory)
        for name in names ?? [] where name.hasPrefix(".spotter-") {
            unlink("\(files.directory)/\(name)")
        }
        let path = "\(files.directory)/position.json"
        var position: Position?
        if let bytes = FileManager.default.contents(atPath: path) {
            position = try? JSONDecoder().decode(Position.self, from: bytes)
            if position == nil {
                logger.error(
                    "Audit lines are delivered again: the position of the delivery cannot be read",
                    metadata: ["file": "\(path)"])
            }
        }
        state = Mutex(State(position: position))
    }

    /// The next object; the same one until it was `delivered`.
    ///
    /// - Parameter now: names an object in which no line has a time.
    /// - Returns: nil when all lines were delivered.
    func next(now: Date) throws -> Piece? {
        let position = state.withLock { $0.position }
        var (file, isFound) = try files.open(headBytesMax: Self.headBytesMax) { head in
            position.map { $0.file == Self.fingerprint(head) } ?? false
        }
        if let position, !isFound {
            logger.error(
                "Audit lines may be missing: the file that was delivered last is no longer there",
                metadata: ["directory": "\(files.directory)", "offset": "\(position.offset)"])
        }
        // Of a file that somebody has cut, all goes again: twice is better than never.
        var offset = isFound ? position?.offset ?? 0 : 0
        if offset > file.size { offset = 0 }
        if isFound, let pending = position?.pending, pending.end > offset, pending.end <= file.size
        {
            let bytes = file.bytes(at: offset, count: pending.end - offset)
            return Piece(key: pending.key, bytes: bytes)
        }
        while true {
            if let piece = try piece(of: file, at: offset, now: now) { return piece }
            // Lines are still written to the newest file.
            guard file.number > 0, let next = try files.open(after: file) else { return nil }
            file = next
            offset = 0
        }
    }

    private func piece(of file: AuditFiles.Opened, at offset: Int, now: Date) throws -> Piece? {
        let count = min(file.size - offset, Limits.auditObjectBytesMax)
        let bytes = file.bytes(at: offset, count: count)
        let isWhole = file.number > 0 && offset + bytes.count == file.size
        guard let object = AuditLine.object(in: bytes, isWhole: isWhole) else { return nil }
        // What is announced as pending must be there after a power cut too.
        do throws(FileError) {
            try file.file.sync()
        } catch {
            throw AuditFiles.failure("sync", error)
        }
        let sequence = state.withLock { state in
            state.sequence += 1
            return state.sequence
        }
        let key = AuditKey.key(
            object.first ?? AuditLine.text(now), source, sequence: sequence)
        let head = file.bytes(at: 0, count: Self.headBytesMax)
        try save(
            Position(
                file: Self.fingerprint(head), offset: offset,
                pending: .init(key: key, end: offset + object.count)))
        return Piece(key: key, bytes: Data(bytes.prefix(object.count)))
    }

    /// The object that `next` gave is in the bucket.
    func delivered() throws {
        guard var position = state.withLock({ $0.position }), let pending = position.pending else {
            return
        }
        position.offset = pending.end
        position.pending = nil
        try save(position)
    }

    private func save(_ position: Position) throws {
        let bytes = try JSONCoding.encode(position)
        try DurableFile.write(bytes, to: path, mode: 0o600)
        state.withLock { $0.position = position }
    }

    private static func fingerprint(_ head: Data) -> String {
        let line = head.prefix { $0 != UInt8(ascii: "\n") }
        return Checksum.sha256Base64(Data(line))
    }
}
