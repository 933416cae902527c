import Base
import Foundation
import Storage
import TestSupport
import Testing

@testable import Administration

/// Databases of earlier versions that are opened by this one, and the way back.
@Suite struct EarlierRowsTests {
    private let directory: TemporaryDirectory
    private let log = LogLines()

    init() throws { directory = try TemporaryDirectory() }

    private var configuration: StoresConfiguration {
        StoresConfiguration(
            dataDirectory: "\(directory.path)/data", region: "us-east-1", accountID: "000000000000")
    }

    /// A data directory whose rows an earlier version has made.
    private func earlier(_ golden: String) throws -> Data {
        let rows = try Checkout.bytes("Tests/StorageTests/Golden/\(golden).sqlite")
        try DurableFile.makeFolder("\(directory.path)/data", mode: 0o700)
        try rows.write(to: URL(fileURLWithPath: "\(directory.path)/data/spotter.sqlite"))
        return rows
    }

    private func open(_ configuration: StoresConfiguration? = nil) async throws -> Int {
        try await Stores.withStores(
            holding: configuration ?? self.configuration, environment: [:], logger: log.logger
        ) { try await $0.metadata().read { try $0.countProjects() } }
    }

    private var copies: [String] {
        let folder = "\(directory.path)/data/earlier-rows"
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    @Test(arguments: [("0001", "0001-projects-models-jobs.sqlite"), ("0002", nil)])
    func rowsAreCopiedBeforeTheirSchemaIsChanged(_ golden: String, _ name: String?) async throws {
        _ = try earlier(golden)
        let path = "\(directory.path)/data/spotter.sqlite"
        let before = try SQLiteFile.schema(path)
        let projects = try await open()
        let copy = try #require(copies.first)
        #expect(copies.count == 1 && (name == nil || copy == name))
        let copied = "\(directory.path)/data/earlier-rows/\(copy)"
        #expect(try SQLiteFile.schema(copied) == before)
        #expect(try SQLiteFile.problems(copied) == [])
        #expect((FileStatus(path: copied)?.mode ?? 0) & 0o777 == 0o600)
        #expect(try SQLiteFile.schema(path).missing == [])
        #expect(log.all.contains { $0.contains(copied) })
        // The next start changes nothing and copies nothing. The way back is the copy in its place.
        #expect(try await open() == projects)
        #expect(copies.count == 1)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.copyItem(atPath: copied, toPath: path)
        #expect(try await open() == projects)
    }

    @Test func aNewDataDirectoryAndARefusalMakeNoCopy() async throws {
        #expect(try await open() == 0)
        #expect(copies == [])
        try FileManager.default.removeItem(atPath: "\(directory.path)/data")
        _ = try earlier("0001")
        var refusing = configuration
        refusing.keepsEarlierRows = false
        _ = try await open(refusing)
        #expect(copies == [])
    }

    @Test func aCopyThatCannotBeMadeChangesNothing() async throws {
        let rows = try earlier("0001")
        let path = "\(directory.path)/data/spotter.sqlite"
        // A file where the folder should be.
        try Data("mine".utf8).write(
            to: URL(fileURLWithPath: "\(directory.path)/data/earlier-rows"))
        let error = await #expect(throws: AdministrationError.self) { try await open() }
        #expect(error?.message.contains("--no-backup") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == rows)
    }

    @Test func onlyTheNewestCopiesAreKept() async throws {
        _ = try earlier("0001")
        let folder = "\(directory.path)/data/earlier-rows"
        try DurableFile.makeFolder(folder, mode: 0o700)
        for name in ["0000-a", "0000-b", "0000-c"] {
            try Data().write(to: URL(fileURLWithPath: "\(folder)/\(name).sqlite"))
        }
        _ = try await open()
        #expect(copies == ["0000-c.sqlite", "0001-projects-models-jobs.sqlite"])
    }

    /// A start that goes on with a change leaves the copy that the first one made.
    @Test func aChangeThatIsCutShortAgainAndAgainLeavesTheRowsOfBefore() async throws {
        let rows = try earlier("0001")
        let path = "\(directory.path)/data/spotter.sqlite"
        let newest = "0001-projects-models-jobs"
        _ = try EarlierRows.keep(of: "\(directory.path)/data", logger: log.logger)
        #expect(copies == ["\(newest).sqlite", "unfinished"])
        // As after some of the steps: the second schema's file.
        try Checkout.bytes("Tests/StorageTests/Golden/0002.sqlite").write(
            to: URL(fileURLWithPath: path))
        _ = try EarlierRows.keep(of: "\(directory.path)/data", logger: log.logger)
        #expect(copies == ["\(newest).sqlite", "unfinished"])
        // One who went back instead gets a copy of them as they are then.
        let copy = "\(directory.path)/data/earlier-rows/\(newest).sqlite"
        try Data().write(to: URL(fileURLWithPath: copy))
        try rows.write(to: URL(fileURLWithPath: path))
        _ = try await open()
        #expect(copies == ["\(newest).sqlite"])
        #expect(try SQLiteFile.schema(copy).applied == [newest])
    }
}
