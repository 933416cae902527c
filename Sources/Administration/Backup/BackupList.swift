import Base
import FoundationEssentials
import Storage

/// Writes `files.jsonl`: each file of a backup, read back from where it is now.
struct BackupList {
    /// The folder of the backup that becomes a data directory.
    let target: String
    /// Whether a file, by its path, is not read.
    let isShared: (String) -> Bool
    let progress: ProgressReport

    /// - Returns: the number of files, the sum of their sizes, and the checksum of the list.
    func write(_ path: String) throws -> (files: Int, bytes: Int, sha256: String) {
        let list = try OpenFile.creating(path, mode: 0o600)
        var (digest, lines) = (RunningDigest(), Data())
        var (files, bytes, read) = (0, 0, 0)
        func flush() throws {
            lines.withUnsafeBytes { digest.update($0) }
            try list.append(lines)
            lines = Data()
        }
        try forEachFile(below: target, "") { path in
            guard let file = try OpenFile.reading("\(target)/\(path)"), let facts = file.status
            else {
                throw AdministrationError(
                    "\(target)/\(path) is gone; is somebody else removing it?")
            }
            let content =
                try isShared("\(target)/\(path)")
                ? nil
                : file.digest {
                    read += $0
                    progress.tell("\(read >> 20) MB read back")
                }
            files += 1
            bytes += content?.size ?? facts.size
            let entry = BackupEntry(
                path: path, size: content?.size ?? facts.size, sha256: content?.sha256,
                modified: facts.modifiedNanoseconds, mode: facts.mode)
            // A restore refuses other paths, such as what SQLite could not remove of its own.
            _ = try entry.components()
            lines += try entry.line()
            if lines.count >= OpenFile.pieceBytes { try flush() }
        }
        try flush()
        try digest.value.checkWritten(to: path)
        return (files, bytes, digest.value.sha256)
    }

    private func forEachFile(
        below folder: String, _ prefix: String, _ body: (String) throws -> Void
    ) throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names.sorted() {
            guard let facts = FileStatus(at: "\(folder)/\(name)") else { continue }
            if facts.isFolder {
                try forEachFile(below: "\(folder)/\(name)", "\(prefix)\(name)/", body)
            } else if facts.isFile {
                try body("\(prefix)\(name)")
            }
        }
    }
}
