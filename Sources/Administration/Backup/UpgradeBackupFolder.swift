import Base
import FoundationEssentials
import Glibc
import Logging
import Storage

/// The folder with the backups that are made before upgrades. Others may keep things in it too:
/// what is removed has the name of a step of the schema, and is a backup or was to become one.
///
///     FOLDER/from-STEP                  a backup of rows with this newest step
///     FOLDER/from-STEP.new              whole, and about to get that name
///     FOLDER/from-STEP.new.unfinished   on its way
///     FOLDER/from-STEP.replaced         the one before, until the newer one has its name
///
/// Its calls block.
struct UpgradeBackupFolder {
    private static let prefix = "from-"
    private static let new = ".new"
    private static let unfinished = ".new.unfinished"
    private static let replaced = ".replaced"
    /// A backup has one of these. They are removed last, so that what a kill within a removal
    /// leaves is known as well.
    private static let marks = [BackupHeader.fileName, UnfinishedFolder.marker]

    let path: String
    /// All that the program knows.
    let steps: [String]

    /// What the backup of rows with this newest step is called.
    func backup(_ step: String) -> String { "\(path)/\(Self.prefix)\(step)" }

    /// What it is called until `adopt`.
    func newBackup(_ step: String) -> String { backup(step) + Self.new }

    /// Waits until no other process makes a backup here.
    ///
    /// - Returns: the lock; others wait until it is closed.
    func lock(_ logger: Logger) throws(FileError) -> OpenFile {
        let lock = try OpenFile.folder(path)
        if lock.tryLock() { return lock }
        logger.warning(
            """
            Another Spotter makes the backup before the schema of the rows is changed; this one \
            waits for it
            """, metadata: ["folder": "\(path)"])
        try lock.waitForLock()
        return lock
    }

    /// Ends what a killed process began, so that a new backup can be made.
    ///
    /// - Throws: `AdministrationError` when something else has the backup's name.
    func tidy(_ step: String) throws {
        let made = backup(step)
        if FileStatus(at: made) == nil, isBackup(made + Self.replaced) {
            // It was killed between the two renames.
            guard rename(made + Self.replaced, made) == 0 else { throw FileError("make", made) }
        }
        guard FileStatus(at: made) == nil || isBackup(made) else {
            throw AdministrationError("\(made) is not a backup; move it away.")
        }
        remove(made + Self.replaced)
        remove(made + Self.new)
    }

    /// Gives the new backup, which is whole, its name, and removes all others. At each moment one
    /// that is whole is there, and what has the name of a backup is whole.
    func adopt(_ step: String) throws(FileError) {
        let made = backup(step)
        if isBackup(made), rename(made, made + Self.replaced) != 0 {
            throw FileError("make", made)
        }
        guard rename(made + Self.new, made) == 0 else { throw FileError("make", made) }
        DurableFile.syncDirectory(path)
        remove(made + Self.replaced)
        for other in steps where other != step {
            let other = backup(other)
            for end in [Self.replaced, Self.new, Self.unfinished] { remove(other + end) }
            if isBackup(other), rename(other, other + Self.replaced) == 0 {
                DurableFile.syncDirectory(path)
                remove(other + Self.replaced)
            }
        }
        DurableFile.syncDirectory(path)
    }

    /// Whether it is one, or was to become one. An empty folder is the end of a removal.
    private func isBackup(_ path: String) -> Bool {
        guard FileStatus(at: path)?.isFolder ?? false,
            let names = try? FileManager.default.contentsOfDirectory(atPath: path)
        else { return false }
        return names.isEmpty || names.contains(where: Self.marks.contains)
    }

    private func remove(_ path: String) {
        guard isBackup(path) else { return }
        do {
            for name in try FileManager.default.contentsOfDirectory(atPath: path)
            where !Self.marks.contains(name) {
                try FileManager.default.removeItem(atPath: "\(path)/\(name)")
            }
        } catch {
            return
        }
        for mark in Self.marks { unlink("\(path)/\(mark)") }
        rmdir(path)
    }
}
