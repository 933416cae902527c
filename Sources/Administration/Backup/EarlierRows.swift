import Base
import FoundationEssentials
import Glibc
import Logging
import Storage

/// Copies of the rows as they were before a program brought their schema up to date, so that the
/// program before can be gone back to. Files need none: a new schema changes only rows.
enum EarlierRows {
    /// In the data directory, for its owner only.
    static let folderName = "earlier-rows"
    /// The newest are kept: going back further than two versions is for a backup.
    static let copiesMax = 2
    /// Beside the copies while the schema is being changed, with the newest step of before. A start
    /// that finds other steps goes on with a change that was cut short: the rows as an earlier
    /// program knew them have been copied, and what is there now fits no program.
    private static let mark = "unfinished"

    /// Copies the rows if the next opening will change their schema. Blocks.
    ///
    /// The copy is `NEWEST-STEP.sqlite`; of several of one schema the last is kept.
    ///
    /// - Returns: the copy's path; nil when nothing will be changed, and when a process that died
    ///   within the change has made the copy.
    /// - Throws: `AdministrationError` when the copy cannot be made, and nothing was changed;
    ///   `StorageError` for a database that cannot be read.
    static func keep(of dataDirectory: String, logger: Logger) throws -> String? {
        let database = DataDirectory.database(dataDirectory)
        guard FileStatus(path: database) != nil else { return nil }
        let schema = try SQLiteFile.schema(database)
        // One without tables has no rows, and one of a newer program is refused.
        guard let newest = schema.applied.last, !schema.missing.isEmpty, schema.unknown.isEmpty
        else { return nil }
        let folder = "\(dataDirectory)/\(folderName)"
        let begun = try? Data(contentsOf: URL(filePath: "\(folder)/\(mark)"))
        guard begun == nil || begun == Data(newest.utf8) else { return nil }
        let path = "\(folder)/\(newest).sqlite"
        do {
            try DurableFile.makeFolder(folder, mode: 0o700)
            try DiskSpace.checkRoom(folder)
            try SQLiteFile.copy(database, to: "\(path).part")
            let copy = try OpenFile.reading("\(path).part")
            try copy?.sync()
            guard rename("\(path).part", path) == 0 else { throw FileError("write", path) }
            try DurableFile.write(Data(newest.utf8), to: "\(folder)/\(mark)", mode: 0o600)
            DurableFile.syncDirectory(dataDirectory)
        } catch {
            unlink("\(path).part")
            throw AdministrationError(
                "The rows could not be copied to \(path) before their schema is changed: \(error). "
                    + "Nothing was changed. Make room, or start with --no-backup once you have a "
                    + "backup of your own.")
        }
        removeOldest(folder)
        logger.notice(
            "The rows were copied before their schema is changed",
            metadata: [
                "file": "\(path)", "steps": "\(schema.missing.joined(separator: ", "))",
            ])
        return path
    }

    /// To be called when the schema of the rows is up to date.
    static func finish(of dataDirectory: String) {
        let folder = "\(dataDirectory)/\(folderName)"
        guard unlink("\(folder)/\(mark)") == 0 else { return }
        DurableFile.syncDirectory(folder)
    }

    private static func removeOldest(_ folder: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        // Names of steps begin with their numbers.
        for name in names.filter({ $0.hasSuffix(".sqlite") }).sorted().dropLast(copiesMax) {
            unlink("\(folder)/\(name)")
        }
    }
}
