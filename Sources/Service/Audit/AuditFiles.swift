import Base
package import FoundationEssentials
import Glibc
package import Logging
package import Storage
import Synchronization
import SystemPackage

/// The files of an audit log: lines go to `audit.jsonl`; a full file becomes `audit.jsonl.1`, that
/// one `audit.jsonl.2` and so on, and the oldest goes. Calls without a right signature have such
/// files of their own beside them, `unverified.jsonl`: whoever has no key cannot push the lines of
/// those who have one out of the log.
///
/// Where lines are delivered to a bucket, those that were not stay, and `position.json` says how
/// far the delivery has come. It is written before an object and after it: what a crash came
/// between gets the same key and the same bytes again. Its calls block.
package final class AuditFiles: Sendable {
    private struct State {
        var file: OpenFile
        var size: Int
        /// Number of the file that the delivery has come to; nil where nothing is delivered.
        var delivering: Int?
    }

    /// A file that is read while others may be renamed.
    struct Opened: Sendable {
        let file: OpenFile
        let number: Int
        /// Bytes of whole lines.
        let size: Int

        /// At most `count` bytes; fewer at the end of the file, none where the disk fails.
        func bytes(at offset: Int, count: Int) -> Data {
            (try? file.bytes(at: offset, count: count)) ?? Data()
        }
    }

    /// Whose calls a file has.
    package enum Kind: String, Sendable {
        /// Those whose signature was right.
        case audit
        case unverified
    }

    /// Folder of the files.
    package let directory: String
    private let kind: Kind
    private let fileBytesMax: Int
    private let filesMax: Int
    private let logger: Logger
    private let state: Mutex<State>

    /// Makes the folder if there is none, and opens the kind's newest file.
    ///
    /// - Parameters:
    ///   - fileBytesMax: a file that would grow larger is renamed; a longer line has a file alone.
    ///   - filesMax: files that are kept, the newest included.
    ///   - isDelivered: whether `AuditQueue` reads the lines; then files stay until they were read,
    ///     up to `Limits.auditBacklogFactor` times `filesMax`.
    /// - Throws: `StorageError.unavailable` when the disk does not take them.
    package init(
        directory: String, kind: Kind = .audit, fileBytesMax: Int, filesMax: Int,
        isDelivered: Bool, logger: Logger
    ) throws(StorageError) {
        self.directory = directory
        self.kind = kind
        self.fileBytesMax = fileBytesMax
        self.filesMax = filesMax
        self.logger = logger
        do throws(FileError) {
            try DurableFile.makeFolder(directory, mode: 0o700)
        } catch {
            throw Self.failure("make", error)
        }
        let oldest = Self.numbers(in: directory, kind).last ?? 0
        state = Mutex(
            try Self.opened(Self.path(directory, 0, kind), delivering: isDelivered ? oldest : nil))
    }

    /// The files for calls without a right signature: two, of an eighth of the log's size each.
    ///
    /// - Throws: as `init`.
    package static func unverified(
        directory: String, limits: AdjustableLimits, logger: Logger
    ) throws(StorageError) -> AuditFiles {
        try AuditFiles(
            directory: directory, kind: .unverified,
            fileBytesMax: max(1, limits.auditFileBytesMax / 8), filesMax: 2, isDelivered: false,
            logger: logger)
    }

    /// Writes a line to the newest file, after a rotation if the file is full.
    ///
    /// - Parameter line: JSON and a newline.
    /// - Throws: `StorageError.unavailable`; then nothing of the line is in the file.
    package func append(_ line: Data) throws {
        try state.withLock { state in
            if state.size > 0, state.size + line.count > fileBytesMax { try rotate(&state) }
            do throws(FileError) {
                try state.file.append(line)
            } catch {
                // Half a line would be joined to the next one.
                try? state.file.descriptor.resize(to: Int64(state.size))
                throw Self.failure("write", error)
            }
            state.size += line.count
        }
    }

    private func rotate(_ state: inout State) throws {
        let kept = kept(state)
        for number in Self.numbers(in: directory, kind) where number > kept {
            unlink(Self.path(directory, number, kind))
        }
        for number in stride(from: kept, to: 0, by: -1) {
            let older = Self.path(directory, number - 1, kind)
            guard rename(older, Self.path(directory, number, kind)) == 0 || errno == ENOENT else {
                throw Self.failure("rename", FileError("rename", older))
            }
        }
        if kept == 0 { unlink(Self.path(directory, 0, kind)) }
        let number = state.delivering.map { $0 + 1 }
        if let number, number > kept {
            logger.error(
                "Audit lines were lost: too many files wait for the bucket",
                metadata: ["directory": "\(directory)", "files": "\(kept + 1)"])
        }
        let fresh = try Self.opened(
            Self.path(directory, 0, kind), delivering: number.map { min($0, kept) })
        state = fresh
    }

    /// The highest number that a file may have after a rotation.
    private func kept(_ state: State) -> Int {
        guard let delivering = state.delivering else { return filesMax - 1 }
        let most = max(filesMax * Limits.auditBacklogFactor, 2) - 1
        return max(filesMax - 1, min(delivering + 1, most))
    }

    private static func opened(_ path: String, delivering: Int?) throws(StorageError) -> State {
        do throws(FileError) {
            let file = try OpenFile.opening(path, .readWrite, [.create, .append], mode: 0o600)
            var size = file.status?.size ?? 0
            // A crash may have cut the last line; the next one must not be joined to it.
            if size > 0, try file.bytes(at: size - 1, count: 1) != Data([UInt8(ascii: "\n")]) {
                try file.append(Data([UInt8(ascii: "\n")]))
                size += 1
            }
            return State(file: file, size: size, delivering: delivering)
        } catch {
            throw failure("open", error)
        }
    }

    // MARK: For the delivery

    /// Opens the first file, from the newest on, that `isWanted`, and takes it for the one that the
    /// delivery has come to; the oldest when none is.
    ///
    /// - Parameter isWanted: gets the file's beginning, `headBytesMax` bytes at most.
    func open(
        headBytesMax: Int, where isWanted: (Data) -> Bool
    ) throws(StorageError) -> (file: Opened, isFound: Bool) {
        try state.withLock { state throws(StorageError) in
            var numbers = Self.numbers(in: directory, kind)
            // It is nearly always the one that it was before.
            if let hint = state.delivering.flatMap(numbers.firstIndex(of:)) {
                numbers.swapAt(0, hint)
            }
            for number in numbers {
                let opened = try open(number, state)
                let head = opened.bytes(at: 0, count: headBytesMax)
                if isWanted(head) {
                    state.delivering = number
                    return (opened, true)
                }
            }
            let oldest = Self.numbers(in: directory, kind).last ?? 0
            state.delivering = oldest
            return (try open(oldest, state), false)
        }
    }

    /// The file that came after `file`; nil when that is the newest.
    func open(after file: Opened) throws(StorageError) -> Opened? {
        try state.withLock { state throws(StorageError) in
            // Its number may have grown since.
            let number = state.delivering ?? file.number
            guard let next = Self.numbers(in: directory, kind).last(where: { $0 < number }) else {
                return nil
            }
            state.delivering = next
            return try open(next, state)
        }
    }

    private func open(_ number: Int, _ state: State) throws(StorageError) -> Opened {
        let path = Self.path(directory, number, kind)
        do throws(FileError) {
            let file = try OpenFile.opening(path, .readOnly, [], verb: "read")
            let size = number == 0 ? state.size : file.status?.size ?? 0
            return Opened(file: file, number: number, size: size)
        } catch {
            throw Self.failure("read", error)
        }
    }

    // MARK: Names

    /// Numbers of the files there are, 0 for the newest, ascending.
    static func numbers(in directory: String, _ kind: Kind = .audit) -> [Int] {
        let name = "\(kind.rawValue).jsonl"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.compactMap { found in
            if found == name { return 0 }
            guard found.hasPrefix(name + ".") else { return nil }
            return Int(found.dropFirst(name.count + 1)).flatMap { $0 > 0 ? $0 : nil }
        }.sorted()
    }

    static func path(_ directory: String, _ number: Int, _ kind: Kind = .audit) -> String {
        "\(directory)/\(kind.rawValue).jsonl" + (number == 0 ? "" : ".\(number)")
    }

    static func failure(_ verb: String, _ error: FileError) -> StorageError {
        StorageError(
            error.isDiskFull ? .full : .unavailable,
            "The audit log's \(error.path) cannot be used (\(verb)): \(error.code).")
    }
}
