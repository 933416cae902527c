import Base
import FoundationEssentials
import Glibc
package import NIOPosix
import Storage

/// Makes a data directory from a backup. Nothing of a name that exists is touched, and the new
/// folder is there when all of it was found to be right.
package enum Restore {
    /// What was restored.
    package struct Result: Sendable {
        /// The header of the backup.
        package let header: BackupHeader
        /// Paths of damaged objects that were left out.
        package let leftOut: [String]
    }

    /// - Parameters:
    ///   - source: what `Backup` has made.
    ///   - target: a new folder.
    ///   - leavesOutDamagedObjects: whether objects of users that are damaged or missing are left
    ///     out; anything else must be whole in any case.
    ///   - pool: where it runs; it occupies one thread to its end.
    ///   - progress: called with how far it is, in words, from time to time.
    /// - Throws: `AdministrationError` when the backup is damaged or the folder cannot be made,
    ///   `StorageError` when the database fails; then there is no folder of that name.
    package static func run(
        from source: String, to target: String, leavesOutDamagedObjects: Bool,
        pool: NIOThreadPool = .singleton, progress: @escaping @Sendable (String) -> Void
    ) async throws -> Result {
        try await pool.runIfActive {
            try UnfinishedFolder.checkPlace(target, "--data-directory")
            let run = try RestoreRun(source, ProgressReport(progress))
            let leftOut = try run.check(leavingOutObjects: leavesOutDamagedObjects)
            let folder = try UnfinishedFolder(for: target, option: "--data-directory")
            do {
                try run.copy(to: folder.path, without: leftOut)
                try run.checkRows(in: folder.path)
                try folder.finish()
            } catch {
                folder.discard()
                throw error
            }
            return Result(header: run.header, leftOut: leftOut.sorted())
        }
    }
}

/// One backup that is being read. All calls block.
private struct RestoreRun {
    let header: BackupHeader
    private let source: String
    private let files: SafeFolder
    private let progress: ProgressReport

    private var list: String { "\(source)/\(BackupHeader.listName)" }

    init(_ source: String, _ progress: ProgressReport) throws {
        self.source = source
        self.progress = progress
        header = try BackupHeader.read(source)
        files = try SafeFolder("\(source)/\(BackupHeader.dataName)")
    }

    /// Compares every file with its checksum.
    ///
    /// - Returns: damaged objects of users, if they may be left out.
    func check(leavingOutObjects: Bool) throws -> Set<String> {
        var (left, damaged): (Set<String>, [String]) = ([], [])
        var (count, read) = (0, 0)
        let digest = try BackupEntry.forEach(in: list) { entry in
            count += 1
            let file = try files.file(try entry.components())
            let isWhole: Bool
            if entry.sha256 == nil {
                isWhole = file?.status?.size == entry.size
            } else {
                let content = try file?.digest {
                    read += $0
                    progress.tell("\(read >> 20) of \(header.bytes >> 20) MB checked")
                }
                isWhole = content.map(entry.isMet) ?? false
            }
            if isWhole { return }
            if leavingOutObjects, entry.path.hasPrefix("buckets/") {
                left.insert(entry.path)
            } else {
                damaged.append(entry.path)
            }
        }
        guard digest == header.listSHA256, count == header.files else {
            throw AdministrationError(
                "\(list) is damaged: it is not the one that \(source) was made with.")
        }
        guard damaged.isEmpty else { throw Self.damaged(damaged, source) }
        return left
    }

    private static func damaged(_ paths: [String], _ source: String) -> AdministrationError {
        let named = paths.prefix(OperatingLimits.namedFilesMax).map {
            "\(source)/\(BackupHeader.dataName)/\($0)"
        }.joined(separator: ", ")
        let more = paths.count - min(paths.count, OperatingLimits.namedFilesMax)
        let hint =
            paths.allSatisfy { $0.hasPrefix("buckets/") }
            ? " All of them are objects: --leave-out-damaged-objects restores the rest." : ""
        return AdministrationError(
            "The backup is damaged: missing, or not with the checksum of \(BackupHeader.listName): "
                + "\(named)\(more > 0 ? " and \(more) more" : "").\(hint)")
    }

    func copy(to target: String, without left: Set<String>) throws {
        var written = 0
        let digest = try BackupEntry.forEach(in: list) { entry in
            guard !left.contains(entry.path) else { return }
            guard let file = try files.file(try entry.components()) else {
                throw Self.damaged([entry.path], source)
            }
            let path = "\(target)/\(entry.path)"
            try FileTransfer.makeFolders(above: path)
            let copy = try OpenFile.creating(path, mode: 0o600)
            var content = RunningDigest()
            try file.forEachPiece {
                content.update($0)
                try copy.append($0)
                written += $0.count
                progress.tell("\(written >> 20) of \(header.bytes >> 20) MB written")
            }
            guard entry.isMet(by: content.value) else {
                throw Self.damaged([entry.path], source)
            }
            try copy.setMode(entry.mode)
            try copy.setModified(nanoseconds: entry.modified)
            try content.value.checkWritten(to: path)
        }
        guard digest == header.listSHA256 else { throw AdministrationError("\(list) was changed.") }
        for bucket in header.buckets {
            guard BucketFiles.isName(bucket) else {
                throw AdministrationError(
                    "\(source) names '\(bucket.prefix(80))', which is not a name of a bucket.")
            }
            try FileManager.default.createDirectory(
                atPath: "\(target)/buckets/\(bucket)", withIntermediateDirectories: true)
        }
    }

    func checkRows(in target: String) throws {
        let database = "\(target)/\(DataDirectory.databaseName)"
        let problems = try SQLiteFile.problems(database)
        guard problems.isEmpty else {
            throw AdministrationError(
                "The database of the backup is damaged: \(problems.joined(separator: "; ")).")
        }
        let schema = try SQLiteFile.schema(database)
        guard schema.unknown.isEmpty, !schema.applied.isEmpty else {
            throw AdministrationError(
                "The database of the backup was made by a newer Spotter "
                    + "(\(header.spotterVersion)): its schema has "
                    + "\(schema.unknown.joined(separator: ", ")). Restore it with that one.")
        }
        let missing = try SQLiteFile.read(database) { try NamedFiles($0) }.missing(in: target)
            .values.filter { !header.missing.contains($0) }
        guard missing.isEmpty else {
            throw AdministrationError(
                "The backup is not whole: it lacks \(missing.sorted().joined(separator: ", ")).")
        }
    }
}
