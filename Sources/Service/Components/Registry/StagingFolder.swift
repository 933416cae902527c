import Base
import Crypto
import FoundationEssentials
import Glibc
import NIOPosix
import Storage
import Synchronization
import SystemPackage

/// A folder for artifacts on their way. Its holder has it locked, so that one whose process
/// died can be distinguished from one in use. Its calls block.
final class StagingFolder: Sendable {
    let path: String
    private let lock: OpenFile

    init(in parent: String) throws {
        path = "\(parent)/\(UUID.random().uuidString)"
        try DurableFile.makeFolder(path)
        lock = try OpenFile.folder(path)
        guard lock.tryLock() else { throw FileError("lock", path) }
    }

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
            throw FileError("write", "\(path)/\(name)")
        }
        DurableFile.syncDirectory(path)
    }

    /// Removes a folder that nobody holds, and files that writing left.
    static func removeAbandoned(_ path: String) {
        guard let held = try? OpenFile.opening(path, .readOnly, []), held.tryLock() else { return }
        try? FileManager.default.removeItem(atPath: path)
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
    private let file: OpenFile
    private let digest = Mutex(RunningDigest())

    init(_ path: String) throws { file = try OpenFile.creating(path) }

    func append(_ bytes: Data) throws {
        try DiskSpace.checkRoom(file.path)
        try digest.withLock { digest in
            digest.update(bytes)
            try file.append(bytes)
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
        let written = digest.withLock { (digest: $0.sha256, size: $0.size) }
        try file.sync(bytes: written.size)
        return written
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
        return Hex.encode(hasher.finalize())
    }
}
