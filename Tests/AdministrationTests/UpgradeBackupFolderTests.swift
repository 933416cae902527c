import Base
import Foundation
import Storage
import TestSupport
import Testing

@testable import Administration

/// What others, and processes that were killed, have in the folder of the backups.
extension UpgradeBackupTests {
    @Test func onlyTheNewestIsKeptAndWhatOthersPutThereStays() async throws {
        try age()
        for name in [
            "from-0002-entry-times-changes-users/backup.json",
            "from-0003-clusters.new.unfinished/.spotter-unfinished",
            "from-0004-console-sessions.replaced/backup.json",
        ] {
            let folder = String(name.prefix { $0 != "/" })
            try installation.makeFolder("before-upgrade/\(folder)/data")
            try installation.write("", "before-upgrade/\(name)")
        }
        // A name of ours without a backup, and names that only look like ours.
        let others = [
            "from-0002-entry-times-changes-users.new", "from-2024-11-25", "from-2024-x", "mine",
        ]
        for name in others {
            try installation.makeFolder("before-upgrade/\(name)/data")
            try installation.write("", "before-upgrade/\(name)/picture")
        }
        try installation.write("", "before-upgrade/from-2024-x/backup.json")
        _ = try await open()
        #expect(names() == ([Self.first] + others).sorted())
    }

    @Test func whatHasTheNameOfABackupAndIsNoneStays() async throws {
        let rows = try age()
        try installation.makeFolder("before-upgrade/\(Self.first)/mine")
        let error = await #expect(throws: AdministrationError.self) { try await open() }
        #expect(error?.message.contains("is not a backup; move it away") == true)
        #expect(installation.exists("data/before-upgrade/\(Self.first)/mine"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: database)) == rows)
    }

    /// A start beside a command: one makes the backup, and nothing is left for the other.
    @Test func aSecondProcessWaitsForTheFirst() async throws {
        try age()
        try installation.makeFolder("before-upgrade")
        let inode = try await withThrowingTaskGroup(of: Int.self) { group -> UInt64? in
            let lock = try UpgradeBackupFolder(path: "\(data)/before-upgrade", steps: []).lock(
                log.logger)
            group.addTask { try await open() }
            try await Waiting.until("the second one to wait") {
                log.all.contains { $0.contains("this one waits") }
            }
            #expect(try SQLiteFile.schema(database).applied.count == 1)
            try backup().makeOfEmbeddedRows()
            let made = FileStatus(at: "\(data)/before-upgrade/\(Self.first)")?.inode
            _ = try MetadataChoice.embedded.open(database: database) { _ in }
            backup().finish()
            lock.close()
            for try await projects in group { #expect(projects > 0) }
            return made
        }
        #expect(names() == [Self.first])
        #expect(FileStatus(at: "\(data)/before-upgrade/\(Self.first)")?.inode == inode)
    }

    /// What a process leaves that is killed while it makes one.
    @Test func whatAKilledProcessLeftIsRemoved() async throws {
        try age()
        try installation.makeFolder("before-upgrade/\(Self.first).new.unfinished/data")
        try installation.write(
            "", "before-upgrade/\(Self.first).new.unfinished/.spotter-unfinished")
        for end in ["new", "replaced"] {
            try installation.makeFolder("before-upgrade/\(Self.first).\(end)/data")
            try installation.write("", "before-upgrade/\(Self.first).\(end)/backup.json")
        }
        _ = try await open()
        #expect(names() == [Self.first])
        try await installation.restore(TestBackup(path: "\(data)/before-upgrade/\(Self.first)"))
    }

    /// A process that is killed between the two renames leaves the one before, which stays until a
    /// new one is made.
    @Test func theBackupBeforeStaysUntilTheNewOneHasItsName() async throws {
        try age()
        let made = "\(data)/before-upgrade/\(Self.first)"
        try backup().makeOfEmbeddedRows()
        let inode = FileStatus(at: made)?.inode
        try FileManager.default.moveItem(atPath: made, toPath: "\(made).replaced")
        #expect(throws: AdministrationError.self) {
            try backup(freeBytes: 0).makeOfEmbeddedRows()
        }
        #expect(names() == [Self.first, "unfinished"])
        #expect(FileStatus(at: made)?.inode == inode)
        try backup().makeOfEmbeddedRows()
        #expect(names() == [Self.first, "unfinished"])
        #expect(FileStatus(at: made)?.inode != inode)
    }
}
