import Base
package import FoundationEssentials
import Glibc
package import NIOPosix
import Storage
import SystemPackage

/// Copies a data directory beside its running server: what a row of the copy names is in it.
///
/// Files come first, then the rows, then the files that are new. Where Spotter writes a file before
/// the row that names it and removes it after that row, all is there then; what was made and
/// removed in between is noticed, and the rows are copied once more.
package enum Backup {
    /// What a backup takes, and how.
    package struct Options: Sendable {
        /// Whether the audit log is copied too.
        package var hasAuditLog = false
        /// Whether no file is shared with the data directory.
        package var copiesAll = false
        /// For a server that waits for its end: objects that people put there by hand get a second
        /// name too, and what has one is not read. Of such files the backup has no checksums.
        var isQuick = false

        /// No audit log; files that only Spotter writes get a second name instead of a copy.
        package init() {}
    }

    /// Where the rows are that a backup takes.
    enum Rows {
        /// In the data directory.
        case embedded
        /// In another database: writes them as they are at one moment into a new SQLite file.
        case elsewhere(copy: (String) throws -> Void)
    }

    /// - Parameters:
    ///   - target: a new folder.
    ///   - pool: where it runs; it occupies one thread to its end.
    ///   - now: the time that the header names.
    ///   - progress: called with how far it is, in words, from time to time.
    /// - Returns: the header that was written last.
    /// - Throws: `AdministrationError` when the backup is refused or files cannot be read or
    ///   written, `StorageError` when the database fails; then there is no folder of that name.
    package static func make(
        dataDirectory: String, to target: String, options: Options,
        pool: NIOThreadPool = .singleton,
        now: @escaping @Sendable () -> Date = { Date() },
        progress: @escaping @Sendable (String) -> Void
    ) async throws -> BackupHeader {
        try await pool.runIfActive {
            try check(dataDirectory, target)
            let folder = try UnfinishedFolder(for: target, option: "--to")
            return try fill(folder, from: dataDirectory, .embedded, options, now(), progress)
        }
    }

    /// Makes a backup in a folder that gets its name at the end, or vanishes. Blocks.
    ///
    /// - Parameter created: the time that the header names.
    /// - Throws: as `make`.
    static func fill(
        _ folder: UnfinishedFolder, from dataDirectory: String, _ rows: Rows, _ options: Options,
        _ created: Date, _ progress: @escaping @Sendable (String) -> Void
    ) throws -> BackupHeader {
        do {
            let run = try BackupRun(dataDirectory, folder.path, rows, options, created, progress)
            let header = try run.run()
            try folder.finish(isShared: run.isShared)
            return header
        } catch {
            folder.discard()
            throw error
        }
    }

    private static func check(_ dataDirectory: String, _ target: String) throws {
        guard let root = FileStatus.resolved(dataDirectory),
            FileStatus(at: "\(root)/\(DataDirectory.databaseName)")?.isFile ?? false
        else {
            throw AdministrationError(
                "\(dataDirectory) has no \(DataDirectory.databaseName). Give the folder that "
                    + "'spotter serve' was started with as --data-directory. If its rows are in "
                    + "PostgreSQL, save them with pg_dump, then copy the folder.")
        }
        if let moved = MovedRows.sentence(root) {
            throw AdministrationError(
                "\(moved) A backup of the old rows would lack all that was made since: save that "
                    + "database with pg_dump first, then copy the data directory. To go back to "
                    + "the rows as they were then, remove \(MovedRows.path(root)).")
        }
        let above = URL(filePath: target).deletingLastPathComponent().path()
        guard let parent = FileStatus.resolved(above.isEmpty ? "." : above) else {
            throw AdministrationError("The folder above \(target) does not exist; make it first.")
        }
        guard !"\(parent)/".utf8.starts(with: "\(root)/".utf8) else {
            throw AdministrationError(
                "--to must not lie in the data directory, which would become part of its own "
                    + "backup.")
        }
    }
}

/// One backup on its way. All calls block.
private final class BackupRun {
    private let source: String
    private let folder: String
    private let rows: Backup.Rows
    private let options: Backup.Options
    private let created: Date
    private let transfer: FileTransfer
    private let progress: ProgressReport
    private var buckets: [String] = []
    private var components = RegistryCopy.Result()
    private var broughtFiles = 0

    private var target: String { "\(folder)/\(BackupHeader.dataName)" }
    private var database: String { "\(source)/\(DataDirectory.databaseName)" }
    private var copiedDatabase: String { "\(target)/\(DataDirectory.databaseName)" }

    init(
        _ source: String, _ folder: String, _ rows: Backup.Rows, _ options: Backup.Options,
        _ created: Date, _ progress: @escaping @Sendable (String) -> Void
    ) throws {
        self.source = source
        self.folder = folder
        self.rows = rows
        self.options = options
        self.created = created
        self.progress = ProgressReport(progress)
        transfer = FileTransfer(incoming: "\(folder)/incoming", copiesAll: options.copiesAll)
        guard try DurableFile.makeFolder(target, mode: 0o700) else {
            throw FileError("make", target, .fileExists)
        }
    }

    func run() throws -> BackupHeader {
        try bringFiles()
        let (named, missing) = try bringRows()
        try removeUnnamedModels(named)
        _ = try transfer.bring(
            "\(source)/credentials", to: "\(target)/credentials", mayLink: false)
        if options.hasAuditLog {
            try AuditCopy(
                source: "\(source)/audit", target: "\(target)/audit", transfer: transfer
            ).run()
        }
        unlink("\(folder)/incoming")
        return try seal(named, missing + components.missing)
    }

    /// Whether a file of the backup is the data directory's own, of which only the name is new.
    func isShared(_ path: String) -> Bool {
        guard options.isQuick, path.hasPrefix("\(target)/") else { return false }
        let own = FileStatus(at: "\(source)/\(path.dropFirst(target.count + 1))")
        return FileStatus(at: path).map { own?.isSameFile(as: $0) ?? false } ?? false
    }

    // MARK: Files

    private func bringFiles() throws {
        buckets = []
        let root = "\(source)/buckets"
        for name in BucketFiles.names(root: root) {
            guard let bucket = BucketFiles(name, root: root) else { continue }
            buckets.append(bucket.name)
            try bring(bucket, below: "buckets")
        }
        if let models = BucketFiles(DataDirectory.modelsBucket, root: "\(source)/internal") {
            try bring(models, below: "internal")
        }
        for name in names(in: "\(source)/backbones") where name.hasSuffix(".onnx") {
            _ = try transfer.bring(
                "\(source)/backbones/\(name)", to: "\(target)/backbones/\(name)", mayLink: true)
        }
        components = try RegistryCopy(
            source: "\(source)/greengrass", target: "\(target)/greengrass", transfer: transfer
        ).run()
    }

    private func bring(_ bucket: BucketFiles, below root: String) throws {
        let path = "\(target)/\(root)/\(bucket.name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        // They are replaced when they change, never written to.
        for file in [bucket.birth, bucket.settings] {
            _ = try transfer.bring(file, to: "\(path)/\(file.name)", mayLink: true)
        }
        var last: String?
        while true {
            let page = try bucket.objects(after: last, limit: OperatingLimits.objectsPage)
            for object in page {
                try bring(object, of: bucket, path)
                broughtFiles += 1
                progress.tell("\(broughtFiles) objects looked at, now in \(bucket.name)")
            }
            last = page.last?.key
            guard page.count == OperatingLimits.objectsPage else { return }
        }
    }

    /// Brings an object with what is kept beside it, or not at all when it is gone.
    private func bring(_ object: BucketFiles.Object, of bucket: BucketFiles, _ path: String) throws
    {
        let place = "\(path)/\(object.place)"
        for _ in 0..<OperatingLimits.objectAttemptsMax {
            // Without a record it was put there by hand, and may be changed where it is.
            let source = bucket.file(of: object.key)
            let status = source?.file.status
            let isOurs = status.map { bucket.record(of: object.key, like: $0) != nil } ?? false
            guard let source,
                try transfer.bring(
                    source.file, to: place,
                    mayLink: !source.isLinked && (isOurs || options.isQuick))
            else {
                // Deleted, perhaps after it was brought and before its record was.
                let record = FileStatus(at: place).flatMap {
                    bucket.recordPlace(of: object.key, like: $0)
                }
                if let record, FileStatus(at: "\(path)/\(record)") == nil { unlink(place) }
                return
            }
            guard let brought = FileStatus(at: place) else { continue }
            if let record = bucket.record(of: object.key, like: brought) {
                if try transfer.bring(record.file, to: "\(path)/\(record.place)", mayLink: true) {
                    return
                }
            } else if !isOurs, let now = source.file.status, brought.isLike(now) {
                return
            }
            // It was replaced just now.
        }
        throw AdministrationError(
            "s3://\(bucket.name)/\(object.key) is written all the time; try the backup again later."
        )
    }

    // MARK: Rows

    /// - Returns: what the copied rows name, and in words what of it the data directory lacks.
    private func bringRows() throws -> (NamedFiles, missing: [String]) {
        for attempt in 1...OperatingLimits.attemptsMax {
            progress.tell("copying the database", always: true)
            try copyRows()
            let named = try SQLiteFile.read(copiedDatabase) { try NamedFiles($0) }
            try bringFiles()
            let missing = named.missing(in: target)
            if missing.isEmpty { return (named, []) }
            // What rows still name and what is not there was lost before; no try will find it.
            let still = try stillNamed(named).missing(in: source)
            if missing.keys.allSatisfy({ still[$0] != nil }) {
                return (named, missing.values.sorted())
            }
            progress.tell("models were deleted meanwhile, try \(attempt)", always: true)
        }
        throw AdministrationError(
            "Models were deleted again and again while they were copied; try the backup later.")
    }

    private func copyRows() throws {
        switch rows {
        case .embedded: try SQLiteFile.copy(database, to: copiedDatabase)
        case .elsewhere(let copy): try copy(copiedDatabase)
        }
        if let problem = try SQLiteFile.problems(copiedDatabase).first {
            throw AdministrationError("A restore would refuse the copied rows: \(problem).")
        }
    }

    private func stillNamed(_ named: NamedFiles) throws -> NamedFiles {
        switch rows {
        case .embedded: try SQLiteFile.read(database) { try NamedFiles($0) }
        // Other servers may have made and removed models, and their files may be elsewhere.
        case .elsewhere: named
        }
    }

    /// Files that no row names would be nobody's in a restored data directory.
    private func removeUnnamedModels(_ named: NamedFiles) throws {
        let root = "\(target)/internal"
        guard let models = BucketFiles(DataDirectory.modelsBucket, root: root) else { return }
        let keys = Set(named.models.flatMap(\.keys))
        var last: String?
        while true {
            let page = try models.objects(after: last, limit: OperatingLimits.objectsPage)
            for object in page where !keys.contains(object.key) {
                guard let file = models.file(of: object.key)?.file, let status = file.status else {
                    continue
                }
                if let record = models.record(of: object.key, like: status)?.file {
                    try record.folder.remove(record.name)
                }
                try file.folder.remove(file.name)
            }
            last = page.last?.key
            guard page.count == OperatingLimits.objectsPage else { return }
        }
    }

    // MARK: The rest

    /// Writes down what the backup has.
    private func seal(_ named: NamedFiles, _ missing: [String]) throws -> BackupHeader {
        let list = try BackupList(
            target: target, isShared: isShared, progress: progress
        ).write("\(folder)/\(BackupHeader.listName)")
        let header = BackupHeader(
            formatVersion: BackupHeader.format(hasAllChecksums: !options.isQuick),
            spotterVersion: SpotterVersion.current, created: created, files: list.files,
            bytes: list.bytes, projects: named.projectCount, models: named.modelCount,
            components: components.count, buckets: buckets, missing: missing,
            schema: try SQLiteFile.schema(copiedDatabase).applied, listSHA256: list.sha256)
        try header.write(in: folder)
        return header
    }

    private func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }
}
