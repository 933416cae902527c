package import FoundationEssentials
import Glibc
import SystemPackage

/// Files that are there whole or not at all, also after a power cut. All calls block.
package enum DurableFile {
    /// Writes `bytes` beside `path` under a name of its own, syncs, and renames. What was at `path`
    /// stays until then.
    ///
    /// - Parameters:
    ///   - temporaryDirectory: on the same file system as `path`; its own directory when nil.
    ///   - mode: permissions of the file.
    /// - Throws: `FileError` that names `path`; then `path` is as it was.
    package static func write(
        _ bytes: Data, to path: String, temporaryDirectory: String? = nil, mode: UInt32 = 0o644
    ) throws(FileError) {
        try replace(path, temporaryDirectory, mode) { output in
            try output.append(bytes)
            try output.sync(bytes: bytes.count)
        }
    }

    /// Copies the file `source` in the same way, in pieces.
    ///
    /// - Throws: `FileError`; then `path` is as it was.
    package static func copy(
        _ source: String, to path: String, temporaryDirectory: String? = nil
    ) throws(FileError) {
        let input = try OpenFile.opening(source, .readOnly, [], verb: "read")
        try replace(path, temporaryDirectory, 0o644) { output in
            var count = 0
            try input.forEachPiece {
                try output.append($0)
                count += $0.count
            }
            try output.sync(bytes: count)
        }
    }

    /// - Parameter fill: writes the file's bytes and syncs them.
    private static func replace(
        _ path: String, _ temporaryDirectory: String?, _ mode: UInt32,
        _ fill: (OpenFile) throws -> Void
    ) throws(FileError) {
        let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        let directory = temporaryDirectory ?? (parent.isEmpty ? "." : parent)
        let temporary = "\(directory)/.spotter-\(UUID.random().uuidString)"
        do {
            let file = try OpenFile.creating(temporary, mode: mode)
            try fill(file)
            file.close()
            guard rename(temporary, path) == 0 else { throw FileError("write", path) }
        } catch {
            unlink(temporary)
            throw FileError("write", path, (error as? FileError)?.code ?? .ioError)
        }
        syncDirectory(parent.isEmpty ? "." : parent)
    }

    /// Makes a folder, not the ones above it, and not yet durably.
    ///
    /// - Returns: false when there is something at `path`, whatever it is.
    @discardableResult
    package static func makeFolder(_ path: String, mode: UInt32 = 0o755) throws(FileError) -> Bool {
        if mkdir(path, mode) == 0 { return true }
        if errno == EEXIST { return false }
        throw FileError("make", path)
    }

    /// Makes a rename or a removal in `path` last. Does nothing where that cannot be done: the
    /// change itself has happened.
    package static func syncDirectory(_ path: String) {
        try? OpenFile.folder(path).sync()
    }
}
