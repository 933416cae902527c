import Base
import FoundationEssentials
import Glibc
import Logging
import Storage

/// Where the backup goes that is made before a newer program changes the schema of the rows.
package enum UpgradePlace: Sendable, Equatable {
    /// To `before-upgrade` in the data directory, where files need no second copy.
    case dataDirectory
    /// To a folder that is for backups of this data directory alone.
    case folder(String)
    /// Nowhere: no backup is made.
    case none
}

/// A backup of the data directory before a program brings the schema of its rows up to date, so
/// that the program before can be gone back to. `spotter restore` takes it as any other.
///
/// A server waits for it before it listens, so files get a second name and are not read wherever
/// the file system allows it. One backup is kept, the newest: the files that it shares with the
/// data directory take up room as soon as they are deleted there. Its calls block.
struct UpgradeBackup: Sendable {
    /// In the data directory.
    static let folderName = "before-upgrade"
    /// In `folderName` while the schema is being changed, with the newest step of before. A start
    /// that finds other steps goes on with a change that was cut short: the rows as an earlier
    /// program knew them are in a backup, and what is there now fits no program.
    static let mark = "unfinished"

    /// Steps of the schema that are about to be made, none of a program that is newer.
    private struct Change {
        /// Of `applied`.
        let newest: String
        let applied: [String]
        let missing: [String]

        /// All that the program knows.
        var known: [String] { applied + missing }
    }

    let dataDirectory: String
    let place: UpgradePlace
    let logger: Logger
    var now: @Sendable () -> Date = { Date() }
    var freeBytes: @Sendable (String) -> Int? = { DiskSpace.freeBytes($0) }

    private var ownFolder: String { "\(dataDirectory)/\(Self.folderName)" }
    private var markPath: String { "\(ownFolder)/\(Self.mark)" }

    /// Opens the SQLite database by `open`, which brings its schema up to date, and makes a backup
    /// before if that will change it. Of several processes one does so while the others wait; then
    /// nothing is left for them to do.
    ///
    /// - Throws: as `makeOfEmbeddedRows`, and what `open` throws.
    func opening<Rows>(_ open: () throws -> Rows) throws -> Rows {
        let lock: OpenFile?
        if let change = try change() {
            lock = try named(change.newest) { try locked(change.known) }
            // Another process may have made it meanwhile, and the change too.
            try makeOfEmbeddedRows()
        } else {
            lock = nil
        }
        defer { lock?.close() }
        let rows = try open()
        finish()
        return rows
    }

    /// Makes a backup if the next opening of the SQLite database will change its schema.
    ///
    /// - Returns: the backup; nil when nothing will be changed, when none is wanted, and when a
    ///   process that died within the change has made it.
    /// - Throws: `AdministrationError` when it cannot be made, and nothing was changed;
    ///   `StorageError` for a database that cannot be read.
    @discardableResult
    func makeOfEmbeddedRows() throws -> String? {
        guard let change = try change() else { return nil }
        // Otherwise a process that died within the change has made it.
        let begun = try? Data(contentsOf: URL(filePath: markPath))
        guard begun == nil || begun == Data(change.newest.utf8) else { return nil }
        let database = DataDirectory.database(dataDirectory)
        let bytes = ["", "-wal"].reduce(0) { $0 + (FileStatus(path: database + $1)?.size ?? 0) }
        return try named(change.newest) {
            let path = try make(change, .embedded, rowBytes: bytes)
            try makeFolder(ownFolder)
            try DurableFile.write(Data(change.newest.utf8), to: markPath, mode: 0o600)
            DurableFile.syncDirectory(dataDirectory)
            return path
        }
    }

    /// - Returns: the change of the embedded rows that the next opening makes; nil for none, and
    ///   where no backup is wanted.
    private func change() throws -> Change? {
        let database = DataDirectory.database(dataDirectory)
        guard place != .none, FileStatus(path: database) != nil else { return nil }
        let schema = try SQLiteFile.schema(database)
        // One without tables has no rows, and one of a newer program is refused.
        guard let newest = schema.applied.last, !schema.missing.isEmpty, schema.unknown.isEmpty
        else { return nil }
        return Change(newest: newest, applied: schema.applied, missing: schema.missing)
    }

    /// To be called when the schema of the SQLite database is up to date.
    func finish() {
        guard unlink(markPath) == 0 else { return }
        DurableFile.syncDirectory(ownFolder)
    }

    /// Makes a backup with the rows of another database, and the files that are here.
    ///
    /// - Throws: `AdministrationError`, and nothing was changed.
    @discardableResult
    func make(of change: PostgreSQLSchemaChange) throws -> String? {
        guard place != .none, let newest = change.applied.last else { return nil }
        let (copyRows, bytes) = (change.copyRows, change.bytes)
        return try named(newest) {
            // A command that only knows the database would make one where it happens to stand.
            guard place != .dataDirectory || FileStatus(path: dataDirectory)?.isFolder ?? false
            else {
                throw AdministrationError(
                    "There is no data directory \(dataDirectory). Give --data-directory or "
                        + "--backup-directory, or start a server of this version first.")
            }
            let change = Change(newest: newest, applied: change.applied, missing: change.missing)
            let lock = try locked(change.known)
            defer { lock.close() }
            // Without the indexes of PostgreSQL, which take most of its room.
            return try make(change, .elsewhere(copy: copyRows), rowBytes: bytes)
        }
    }

    private func named<Value>(_ newest: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            let reason = "\(error)"
            throw AdministrationError(
                "The backup before the schema of the rows is changed could not be made in "
                    + "\(folder): \(reason)\(reason.hasSuffix(".") ? "" : ".") Nothing was "
                    + "changed. Make room, put it elsewhere with "
                    + "--backup-directory, or start with --no-backup once you have a backup of "
                    + "your own.")
        }
    }

    private var folder: String {
        if case .folder(let path) = place { return path }
        return ownFolder
    }

    private func locked(_ steps: [String]) throws -> OpenFile {
        try checkFolder()
        try makeFolder(folder)
        return try UpgradeBackupFolder(path: folder, steps: steps).lock(logger)
    }

    private func make(_ change: Change, _ rows: Backup.Rows, rowBytes: Int) throws -> String {
        try checkFolder()
        try makeFolder(folder)
        let backups = UpgradeBackupFolder(path: folder, steps: change.known)
        let path = backups.backup(change.newest)
        try backups.tidy(change.newest)
        let unfinished = try UnfinishedFolder(
            for: backups.newBackup(change.newest), option: "--backup-directory")
        try checkRoom(rowBytes, unfinished)
        var options = Backup.Options()
        options.isQuick = true
        let header = try Backup.fill(
            unfinished, from: dataDirectory, rows, options, now()
        ) { [logger] in
            logger.info("The data directory is backed up before an upgrade: \($0)")
        }
        try backups.adopt(change.newest)
        logger.notice(
            "The data directory was backed up before the schema of its rows is changed",
            metadata: [
                "folder": "\(path)", "files": "\(header.files)",
                "megabytes": "\(header.bytes >> 20)",
                "steps": "\(change.missing.joined(separator: ", "))",
            ])
        return path
    }

    private func checkFolder() throws {
        guard case .folder(let path) = place else { return }
        let root = FileStatus.resolved(dataDirectory) ?? dataDirectory
        guard let resolved = FileStatus.resolved(path), FileStatus(path: path)?.isFolder ?? false
        else { throw AdministrationError("The folder does not exist; make it first.") }
        guard !"\(resolved)/".utf8.starts(with: "\(root)/".utf8) else {
            throw AdministrationError("It must not lie in the data directory.")
        }
    }

    private func makeFolder(_ path: String) throws {
        guard FileStatus(path: path) == nil else { return }
        try DurableFile.makeFolder(path, mode: 0o700)
    }

    private func checkRoom(_ rowBytes: Int, _ unfinished: UnfinishedFolder) throws {
        do {
            let room = BackupRoom(dataDirectory: dataDirectory, folder: unfinished.path)
            // The change itself may write all rows once more.
            let needed = room.copiedBytes + 2 * rowBytes + DiskSpace.reservedBytes
            guard let free = freeBytes(unfinished.path), free < needed else { return }
            throw AdministrationError(
                "It needs \(BackupRoom.megabytes(needed)) MB (\(BackupRoom.megabytes(rowBytes)) "
                    + "for the rows, as much for their change, "
                    + "\(BackupRoom.megabytes(room.copiedBytes)) for files that cannot get a "
                    + "second name there, and a reserve), and \(free >> 20) MB are free.")
        } catch {
            unfinished.discard()
            throw error
        }
    }
}
