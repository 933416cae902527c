import Base
import Foundation
import Storage
import TestSupport
import Testing

@testable import Administration

/// Data directories of earlier versions that are opened by this one, and the way back.
@Suite struct UpgradeBackupTests {
    static let first = "from-0001-projects-models-jobs"
    let installation: SmallInstallation
    let log = LogLines()

    var data: String { installation.path }
    var database: String { "\(data)/spotter.sqlite" }

    init() async throws { installation = try await SmallInstallation() }

    /// Gives the data directory, with its objects and models, rows that an earlier version made.
    ///
    /// - Parameter golden: nil for its own ones, as the version before would have them.
    @discardableResult
    func age(_ golden: String? = "0001") throws -> Data {
        guard let golden else {
            try change(
                database,
                """
                DROP INDEX dataset_entry_order;
                DELETE FROM grdb_migrations WHERE identifier LIKE '0006%'
                """)
            return try Data(contentsOf: URL(fileURLWithPath: database))
        }
        let rows = try Checkout.bytes("Tests/StorageTests/Golden/\(golden).sqlite")
        for end in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: database + end) }
        try rows.write(to: URL(fileURLWithPath: database))
        return rows
    }

    func open(_ place: UpgradePlace = .dataDirectory) async throws -> Int {
        var configuration = installation.configuration
        configuration.upgradeBackup = place
        return try await Stores.withStores(
            holding: configuration, environment: [:], logger: log.logger
        ) { try await $0.metadata().read { try $0.countProjects() } }
    }

    func backup(freeBytes: Int? = nil) -> UpgradeBackup {
        var backup = UpgradeBackup(
            dataDirectory: data, place: .dataDirectory, logger: log.logger)
        if let freeBytes { backup.freeBytes = { _ in freeBytes } }
        return backup
    }

    func names(_ folder: String = "data/before-upgrade") -> [String] {
        let path = "\(installation.folder.path)/\(folder)"
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    private func linkCount(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.referenceCount] as? Int ?? 0
    }

    private func projects(_ path: String) throws -> Int {
        try SQLiteFile.read(path) { try $0.countProjects() }
    }

    @Test(arguments: ["0001", "0002", "0004", nil])
    func aBackupIsMadeBeforeTheSchemaIsChangedAndRestored(_ golden: String?) async throws {
        try age(golden)
        let before = try SQLiteFile.schema(database)
        let projects = try await open()
        #expect(names() == ["from-\(before.applied.last ?? "")"])
        #expect(try SQLiteFile.schema(database).missing == [])
        let made = TestBackup(path: "\(data)/before-upgrade/\(names().first ?? "")")
        #expect(log.all.contains { $0.contains(made.path) && $0.contains("steps=") })
        let header = try made.header()
        #expect(header.schema == before.applied && header.formatVersion == 2)
        #expect(FileStatus(path: made.path)?.mode == 0o700)
        // Nothing but the rows and the key takes up room, and all that was copied has a checksum.
        for entry in try made.entries() {
            let isCopied = ["spotter.sqlite", "credentials"].contains(entry.path)
            #expect(try linkCount("\(made.data)/\(entry.path)") == (isCopied ? 1 : 2))
            #expect((entry.sha256 != nil) == isCopied, "\(entry.path)")
        }
        // What is deleted and written since does not reach the backup.
        try FileManager.default.removeItem(atPath: "\(data)/buckets/letters/hand.txt")
        try await installation.beside { stores in
            try await stores.objects().delete(ObjectLocation(bucket: "letters", key: "a/ä.txt"))
        }
        try await installation.restore(made)
        let again = "\(installation.folder.path)/again"
        #expect(try SQLiteFile.schema("\(again)/spotter.sqlite").applied == before.applied)
        #expect(try SQLiteFile.problems("\(again)/spotter.sqlite") == [])
        let files = FileManager.default
        #expect(files.contents(atPath: "\(again)/buckets/letters/a/ä.txt") == Data("by S3".utf8))
        #expect(files.contents(atPath: "\(again)/buckets/letters/hand.txt") == Data("by hand".utf8))
        for path in try filesBelow(again) { #expect(try linkCount("\(again)/\(path)") == 1) }
        var configuration = installation.configuration
        configuration.dataDirectory = again
        let restored = try await Stores.withStores(holding: configuration, environment: [:]) {
            try await $0.metadata().read { try $0.countProjects() }
        }
        #expect(restored == projects)
        // The next start changes nothing and makes none.
        let made1 = FileStatus(at: made.path)
        #expect(try await open() == projects)
        #expect(FileStatus(at: made.path) == made1)
    }

    @Test func aNewDataDirectoryAndARefusalMakeNone() async throws {
        #expect(try await open() == 1)
        #expect(names() == [])
        try age()
        _ = try await open(.none)
        #expect(names() == [])
        #expect(try SQLiteFile.schema(database).missing == [])
    }

    @Test func itGoesElsewhereIfItIsAskedTo() async throws {
        let other = "\(installation.folder.path)/other"
        try age()
        let missing = await #expect(throws: AdministrationError.self) {
            try await open(.folder(other))
        }
        #expect(missing?.message.contains("does not exist") == true)
        let inside = await #expect(throws: AdministrationError.self) {
            try await open(.folder("\(data)/buckets"))
        }
        #expect(inside?.message.contains("must not lie in the data directory") == true)
        #expect(try SQLiteFile.schema(database).applied.count == 1)
        try DurableFile.makeFolder(other)
        try DurableFile.makeFolder("\(other)/from-abroad")
        _ = try await open(.folder(other))
        #expect(names("other") == [Self.first, "from-abroad"])
        #expect(names() == [])
        try await installation.restore(TestBackup(path: "\(other)/\(Self.first)"))
    }

    @Test func withoutRoomNothingIsChangedAndTheFiguresAreNamed() async throws {
        let rows = try age()
        // Enough for the rows, their change and the reserve, and not enough by a byte.
        let enough = 2 * rows.count + DiskSpace.reservedBytes
        let error = #expect(throws: AdministrationError.self) {
            try backup(freeBytes: enough - 1).makeOfEmbeddedRows()
        }
        let message = error?.message ?? ""
        #expect(message.contains("needs \(BackupRoom.megabytes(enough)) MB"), "\(message)")
        #expect(message.contains("\((enough - 1) >> 20) MB are free"), "\(message)")
        #expect(message.contains("--no-backup") && message.contains("--backup-directory"))
        #expect(names() == [])
        #expect(try Data(contentsOf: URL(fileURLWithPath: database)) == rows)
        #expect(try backup(freeBytes: enough).makeOfEmbeddedRows() != nil)
        #expect(names() == [Self.first, "unfinished"])
    }

    private static let hasAnotherFileSystem =
        FileStatus(path: "/dev/shm").map {
            $0.device != FileStatus(path: FileManager.default.temporaryDirectory.path)?.device
        } ?? false

    /// What has to be copied is counted: here a file of another file system.
    @Test(.enabled(if: hasAnotherFileSystem, "/dev/shm is not a file system of its own"))
    func filesOfAnotherFileSystemNeedRoom() async throws {
        let other = "/dev/shm/spotter-\(UUID().uuidString)"
        try DurableFile.makeFolder(other)
        defer { try? FileManager.default.removeItem(atPath: other) }
        let there = BackupRoom(dataDirectory: data, folder: other)
        let all = try filesBelow(data).filter {
            BackupEntry.roots.contains(String($0.prefix { $0 != "/" }))
                && !$0.hasPrefix("spotter.sqlite")
        }.reduce(0) { $0 + (FileStatus(at: "\(data)/\($1)")?.size ?? 0) }
        #expect(there.copiedBytes == all && all > 0)
        #expect(try filesBelow(other) == [])
    }

    /// Nobody can tell what people do to the file behind a link in a bucket.
    @Test func whatALinkInABucketLeadsToIsCopiedAndCounted() async throws {
        #expect(BackupRoom(dataDirectory: data, folder: data).copiedBytes == 0)
        let files = FileManager.default
        let bucket = "\(data)/buckets/letters"
        for (link, end) in [("linked.txt", "hand.txt"), ("lost.txt", "\(data)/credentials")] {
            try files.createSymbolicLink(
                atPath: "\(bucket)/\(link)", withDestinationPath: end)
        }
        let room = BackupRoom(dataDirectory: data, folder: data)
        #expect(room.copiedBytes == Data("by hand".utf8).count)
        try age()
        _ = try await open()
        let made = TestBackup(path: "\(data)/before-upgrade/\(Self.first)")
        #expect(try linkCount("\(bucket)/hand.txt") == 2)
        #expect(try linkCount("\(made.data)/buckets/letters/linked.txt") == 1)
        // Of the same size, so that only a checksum could tell.
        let hand = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(bucket)/hand.txt"))
        try hand.write(contentsOf: Data("changed".utf8))
        try hand.close()
        try await installation.restore(made)
        let again = "\(installation.folder.path)/again/buckets/letters"
        #expect(files.contents(atPath: "\(again)/linked.txt") == Data("by hand".utf8))
        #expect(files.contents(atPath: "\(again)/lost.txt") == nil)
    }

    @Test func aBackupThatCannotBeMadeChangesNothing() async throws {
        let rows = try age()
        // A file where the folder should be.
        try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(data)/before-upgrade"))
        let error = await #expect(throws: AdministrationError.self) { try await open() }
        #expect(error?.message.contains("--no-backup") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: database)) == rows)
    }

    @Test func whatWasChangedInTheBackupIsFound() async throws {
        try age(nil)
        _ = try await open()
        let made = TestBackup(path: "\(data)/before-upgrade/from-0005-detections-a-day")
        #expect(try made.header().models == 1 && made.header().missing == [])
        try installation.write("written where it lies", "buckets/letters/hand.txt")
        await #expect(throws: AdministrationError.self) { try await installation.restore(made) }
        let left = try await installation.restore(made, leavesOut: true)
        #expect(left == ["buckets/letters/hand.txt"])
        let model = try file(".onnx", below: "\(made.data)/internal")
        try FileManager.default.removeItem(atPath: "\(made.data)/internal/\(model)")
        let error = await #expect(throws: AdministrationError.self) {
            try await installation.restore(made, to: "third", leavesOut: true)
        }
        #expect(error?.message.contains(model) == true)
    }

    /// A start that goes on with a change leaves the backup that the first one made.
    @Test func aChangeThatIsCutShortAgainAndAgainLeavesTheRowsOfBefore() async throws {
        let rows = try age()
        let made = "\(data)/before-upgrade/\(Self.first)"
        #expect(try backup().makeOfEmbeddedRows() == made)
        let inode = FileStatus(at: made)?.inode
        // As after some of the steps: the second schema's file.
        try age("0002")
        #expect(try backup().makeOfEmbeddedRows() == nil)
        #expect(names() == [Self.first, "unfinished"])
        #expect(FileStatus(at: made)?.inode == inode)
        // One who went back instead gets a backup of them as they are then.
        try rows.write(to: URL(fileURLWithPath: database))
        let row = #"{"created":1.25,"lastModelVersion":0,"name":"then"}"#
        try change(database, "INSERT INTO project VALUES ('then', '\(row)')")
        let then = try projects(database)
        _ = try await open()
        #expect(names() == [Self.first])
        #expect(FileStatus(at: made)?.inode != inode)
        #expect(try projects("\(made)/data/spotter.sqlite") == then)
    }
}
