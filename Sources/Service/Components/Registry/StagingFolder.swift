import Crypto
import FoundationEssentials
import Glibc
import NIOPosix
import Storage
import Synchronization

/// A folder for artifacts on their way. Whoever holds it has it locked, so that one whose process
/// died can be told from one in use. Its calls block.
final class StagingFolder: Sendable {
    let path: String
    private let lock: Int32

    init(in parent: String) throws {
        path = "\(parent)/\(UUID().uuidString)"
        guard mkdir(path, 0o755) == 0 else { throw RegistryFolder.failure("make", path) }
        lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw RegistryFolder.failure("lock", path)
        }
    }

    deinit { close(lock) }

    /// Removes the folder, unless it became that of a version.
    func discard() { try? FileManager.default.removeItem(atPath: path) }

    /// - Parameters:
    ///   - source: path of a file on the same file system.
    ///   - name: path in the folder.
    func move(_ source: String, to name: String) throws {
        if let slash = name.lastIndex(of: "/") {
            try FileManager.default.createDirectory(
                atPath: "\(path)/\(name[..<slash])", withIntermediateDirectories: true)
        }
        guard rename(source, "\(path)/\(name)") == 0 else {
            throw RegistryFolder.failure("write", "\(path)/\(name)")
        }
        DurableFile.syncDirectory(path)
    }

    /// Removes a folder that nobody holds, and files that writing left.
    static func removeAbandoned(_ path: String) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        if flock(file, LOCK_EX | LOCK_NB) == 0 {
            try? FileManager.default.removeItem(atPath: path)
        }
    }
}

/// Artifacts that go into a folder.
struct StagingFolderDestination: ArtifactDestination {
    let folder: StagingFolder
    let pool: NIOThreadPool

    var workFolder: String { folder.path }

    func keep(_ path: String, as name: String) async throws {
        try await pool.runIfActive { try folder.move(path, to: name) }
    }
}

/// A file that is written and hashed piece by piece. Its calls block.
final class StagedFile: Sendable {
    private struct State {
        var hasher = SHA256()
        var size = 0
    }

    private let path: String
    private let file: Int32
    private let state = Mutex(State())

    init(_ path: String) throws {
        self.path = path
        file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw RegistryFolder.failure("write", path) }
    }

    deinit { close(file) }

    func append(_ bytes: Data) throws {
        try state.withLock { state in
            state.hasher.update(data: bytes)
            state.size += bytes.count
            try bytes.withUnsafeBytes { buffer in
                var rest = buffer
                while !rest.isEmpty {
                    let count = write(file, rest.baseAddress, rest.count)
                    if count < 0 {
                        if errno == EINTR { continue }
                        throw RegistryFolder.failure("write", path)
                    }
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                }
            }
        }
    }

    /// Appends a whole file.
    ///
    /// - Throws: `StorageError.tooLarge` when it has more than `bytesMax` bytes.
    func append(fileAt path: String, bytesMax: Int) throws {
        let bytes = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
        guard bytes.count <= bytesMax else {
            throw StorageError(.tooLarge, "\(path) has \(bytes.count) bytes.")
        }
        try append(bytes)
    }

    /// Makes the file last.
    ///
    /// - Returns: the raw SHA-256 and the size in bytes.
    func finish() throws -> (digest: Data, size: Int) {
        guard fsync(file) == 0 else { throw RegistryFolder.failure("write", path) }
        return state.withLock { (Data($0.hasher.finalize()), $0.size) }
    }
}

/// SHA-256 over parts with their lengths, so that no two lists of parts are alike.
enum Fingerprint {
    static func of(_ parts: [Data]) -> String {
        var hasher = SHA256()
        for part in parts {
            hasher.update(data: Data("\(part.count):".utf8))
            hasher.update(data: part)
        }
        return hasher.finalize().reduce(into: "") { text, byte in
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }
}
