import Base
import Foundation
import Storage
import TestSupport
import Testing

@testable import Administration

@Suite struct RestoreTests {
    private let installation: SmallInstallation
    private let backup: TestBackup

    init() async throws {
        installation = try await SmallInstallation()
        backup = try await installation.backup(copies: true)
    }

    private func refusal(_ target: String = "again", leavesOut: Bool = false) async -> String {
        let error = await #expect(throws: AdministrationError.self) {
            try await installation.restore(backup, to: target, leavesOut: leavesOut)
        }
        return error?.message ?? ""
    }

    @Test func aDamagedBackupIsRefusedWithTheNameOfTheFile() async throws {
        let files = FileManager.default
        let model = try file("model.onnx", below: backup.data)
        let path = "\(backup.data)/\(model)"
        let whole = try #require(files.contents(atPath: path))
        var damaged = whole
        damaged[damaged.count - 1] ^= 1
        try damaged.write(to: URL(filePath: path))
        #expect(await refusal().contains("data/\(model)"))
        #expect(await refusal(leavesOut: true).contains(model))
        try files.removeItem(atPath: path)
        #expect(await refusal().contains(model))
        try files.createSymbolicLink(atPath: path, withDestinationPath: "/etc/hostname")
        #expect(await refusal().contains(model))
        try files.removeItem(atPath: path)
        try whole.write(to: URL(filePath: path))

        // Objects of users may be left out.
        let letter = "buckets/letters/hand.txt"
        try Data("by HAND".utf8).write(to: URL(filePath: "\(backup.data)/\(letter)"))
        let text = await refusal()
        #expect(text.contains("letters/hand.txt") && text.contains("--leave-out-damaged-objects"))
        #expect(!installation.exists("again") && !installation.exists("again.unfinished"))
        #expect(try await installation.restore(backup, leavesOut: true) == [letter])
        #expect(!installation.exists("again/\(letter)"))
    }

    @Test func theListIsGuardedByTheHeader() async throws {
        let list = "\(backup.path)/files.jsonl"
        let text = try String(contentsOf: URL(filePath: list), encoding: .utf8)
        let first = try #require(text.range(of: "\"size\":"))
        try Data(text.replacingCharacters(in: first, with: "\"size\": ").utf8)
            .write(to: URL(filePath: list))
        #expect(await refusal().contains("files.jsonl"))
        try Data("no JSON".utf8).write(to: URL(filePath: list))
        #expect(await refusal().contains("files.jsonl is damaged"))
        try Data("no JSON".utf8).write(to: URL(filePath: "\(backup.path)/backup.json"))
        #expect(await refusal().contains("backup.json is damaged"))
        try FileManager.default.removeItem(atPath: "\(backup.path)/backup.json")
        #expect(await refusal().contains("is not a backup of Spotter"))
    }

    @Test(arguments: [
        "../outside", "buckets/../../outside", "/etc/spotter-test", "buckets//x", "lock/x",
        "temporary/x", "buckets/./x", "", "buckets/x\0y",
    ])
    func aListThatLeadsElsewhereIsRefused(path: String) async throws {
        let mine = Data("mine".utf8)
        try mine.write(to: URL(filePath: "\(backup.path)/outside"))
        try backup.list(path, sha256: Checksum.sha256(mine))
        #expect(await refusal().contains("is not a path of a data directory"))
        #expect(!installation.exists("again") && !installation.exists("outside"))
    }

    @Test func aLinkOnTheWayIsNotFollowed() async throws {
        let mine = Data("mine".utf8)
        try mine.write(to: URL(filePath: "\(backup.path)/outside"))
        try FileManager.default.createSymbolicLink(
            atPath: "\(backup.data)/buckets/evil", withDestinationPath: backup.path)
        try backup.list("buckets/evil/outside", sha256: Checksum.sha256(mine))
        #expect(await refusal().contains("buckets/evil/outside"))
        #expect(!installation.exists("again"))
    }

    @Test func aBucketThatLeadsElsewhereIsRefused() async throws {
        try backup.reseal { $0.buckets.append("../../evil") }
        #expect(await refusal().contains("is not a name of a bucket"))
        #expect(!installation.exists("again") && !installation.exists("evil"))
    }

    @Test func whatExistsIsNotTouched() async throws {
        let mine = "\(installation.folder.path)/mine"
        try FileManager.default.createDirectory(
            atPath: mine, withIntermediateDirectories: false)
        try Data("keep me".utf8).write(to: URL(filePath: "\(mine)/letter.txt"))
        #expect(await refusal("mine").contains("exists already"))
        let error = await #expect(throws: AdministrationError.self) {
            try await installation.backup("mine")
        }
        #expect(error?.message.contains("exists already") == true)
        #expect(try filesBelow(mine) == ["letter.txt"])
        try FileManager.default.createDirectory(
            atPath: "\(installation.folder.path)/free", withIntermediateDirectories: false)
        try await installation.restore(backup, to: "free")
        #expect(installation.exists("free/spotter.sqlite"))
    }

    @Test func newerAndDamagedRowsAreRefused() async throws {
        let database = "\(backup.data)/spotter.sqlite"
        try change(database, "INSERT INTO grdb_migrations VALUES ('9999-later')")
        try backup.reseal("spotter.sqlite")
        #expect(await refusal().contains("9999-later"))
        try change(
            database,
            """
            DELETE FROM grdb_migrations WHERE identifier = '9999-later';
            DELETE FROM project WHERE name = 'parts'
            """)
        try backup.reseal("spotter.sqlite")
        #expect(await refusal().contains("damaged"))
        try backup.reseal { $0.formatVersion = 3 }
        #expect(await refusal().contains("has the format 3"))
        #expect(!installation.exists("again"))
    }

    @Test func whereNoFolderCanBeMadeIsSaidBeforeAnythingIsCopied() async throws {
        // A restore that came as far as the checksums would complain of this.
        try Data().write(to: URL(filePath: "\(backup.path)/files.jsonl"))
        let folder = installation.folder.path
        try FileManager.default.createDirectory(
            atPath: "\(folder)/folder", withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/link", withDestinationPath: "folder")
        #expect(await refusal("link").contains("is a link"))
        #expect(await refusal("no/data").contains("\(folder)/no does not exist"))
    }
}
