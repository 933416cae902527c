import Base
import Foundation
import Glibc
import Service
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Administration

@Suite struct BackupTests {
    private let installation: SmallInstallation

    init() async throws { installation = try await SmallInstallation() }

    @Test func aBackupHasEveryFileAndIsForItsOwnerOnly() async throws {
        let backup = try await installation.backup()
        let header = try backup.header()
        #expect(header.formatVersion == 1 && header.missing.isEmpty)
        #expect(header.projects == 1 && header.models == 1 && header.components == 1)
        #expect(Set(header.buckets) == ["agents", "empty", "letters"])
        let entries = try backup.entries()
        #expect(try filesBelow(backup.data) == entries.map(\.path).sorted())
        #expect(entries.count == header.files)
        #expect(entries.reduce(0) { $0 + $1.size } == header.bytes)
        #expect(FileStatus(path: backup.path)?.mode == 0o700)
        #expect(!installation.exists("backup.unfinished"))
    }

    @Test func aRestoredDataDirectoryIsTheSameAndSharesNothing() async throws {
        let backup = try await installation.backup()
        try await installation.restore(backup)
        let again = "\(installation.folder.path)/again"
        let files = try filesBelow(again)
        #expect(files == (try filesBelow(backup.data)))
        for path in files where path != "spotter.sqlite" {
            #expect(
                FileManager.default.contentsEqual(
                    atPath: "\(again)/\(path)", andPath: "\(installation.path)/\(path)"), "\(path)")
            #expect(try names(of: "\(again)/\(path)") == 1)
        }
        #expect(installation.exists("again/buckets/empty"))
        var configuration = installation.configuration
        configuration.dataDirectory = again
        try await Stores.withStores(holding: configuration, environment: [:]) { stores in
            let model = try await ModelRegistry(stores).model("parts", 1)
            #expect(model.status == "TRAINED" && model.trainedThreshold == 100)
            let component = try await stores.components().component(
                try #require(ComponentName(SmallInstallation.component)),
                version: try #require(ComponentVersion("0.1.0")))
            #expect(component != nil)
            let key = try await stores.held().rootCredentials(
                environment: [:], region: "us-east-1", sharedThrough: nil)
            #expect(key.file != nil)
        }
    }

    @Test func filesOfSpotterGetASecondNameUnlessAllAreCopied() async throws {
        let object = try file("ä.txt", below: installation.path)
        let linked = try await installation.backup("linked")
        #expect(try names(of: "\(linked.data)/\(object)") > 1)
        // What others may change is a copy.
        for path in ["buckets/letters/hand.txt", "credentials"] {
            #expect(try names(of: "\(linked.data)/\(path)") == 1)
        }
        let copied = try await installation.backup("copied", copies: true)
        for path in try filesBelow(copied.data) {
            #expect(try names(of: "\(copied.data)/\(path)") == 1, "\(path)")
        }
    }

    @Test func whatPeoplePutIntoBucketsByHandIsCopiedAndSafe() async throws {
        let files = FileManager.default
        let (root, elsewhere) = (installation.path, "\(installation.folder.path)/pictures")
        try files.createDirectory(atPath: elsewhere, withIntermediateDirectories: false)
        try Data("elsewhere".utf8).write(to: URL(filePath: "\(elsewhere)/1.png"))
        for (link, target) in [
            ("linked", elsewhere), ("letters/same.txt", "hand.txt"),
            ("letters/out.txt", "/etc/hostname"),
        ] {
            try files.createSymbolicLink(
                atPath: "\(root)/buckets/\(link)", withDestinationPath: target)
        }
        let backup = try await installation.backup()
        let saved = "\(backup.data)/buckets"
        #expect(files.contents(atPath: "\(saved)/linked/1.png") == Data("elsewhere".utf8))
        #expect(files.contents(atPath: "\(saved)/letters/same.txt") == Data("by hand".utf8))
        #expect(
            FileStatus(at: "\(saved)/letters/same.txt")?.isFile == true)
        #expect(!files.fileExists(atPath: "\(saved)/letters/out.txt"))
        // The backup keeps what there was then.
        try installation.write("changed", "buckets/letters/hand.txt")
        try await installation.beside { stores in
            try await stores.objects().put(
                .bytes(Data("replaced".utf8)),
                at: ObjectLocation(bucket: "letters", key: "a/ä.txt"))
        }
        try await installation.restore(backup)
        let restored = "\(installation.folder.path)/again/buckets/letters"
        #expect(files.contents(atPath: "\(restored)/hand.txt") == Data("by hand".utf8))
        #expect(files.contents(atPath: "\(restored)/a/ä.txt") == Data("by S3".utf8))
    }

    /// A copy of the files and then of the rows goes wrong once in four times here.
    @Test func noRowIsWithoutItsFilesHoweverFastModelsComeAndGo() async throws {
        let configuration = installation.configuration
        let headers = try await Stores.withStores(holding: configuration, environment: [:]) {
            server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in 1...6 {
                    group.addTask {
                        var version = lane * 100_000
                        while !Task.isCancelled {
                            version += 1
                            try await SmallInstallation.addModel(server, "parts", version)
                            try await SmallInstallation.removeModel(server, "parts", version)
                        }
                    }
                }
                var whole: [TestBackup] = []
                for number in 0..<8 {
                    do {
                        whole.append(try await installation.backup("backup\(number)"))
                    } catch let error as AdministrationError {
                        #expect(error.message.contains("deleted again and again"))
                        #expect(!installation.exists("backup\(number)"))
                    }
                }
                group.cancelAll()
                do { try await group.waitForAll() } catch is CancellationError {}
                return whole
            }
        }
        #expect(headers.count > 3)
        for backup in headers {
            #expect(try backup.header().missing.isEmpty)
            let named = try SQLiteFile.read("\(backup.data)/spotter.sqlite") { try NamedFiles($0) }
            #expect(named.missing(in: backup.data).isEmpty)
            // Files that no row names are left out.
            let found = try filesBelow("\(backup.data)/internal/models").filter {
                $0.hasSuffix(".onnx")
            }
            #expect(found.count == named.models.count)
        }
    }

    @Test func aBackupSaysWhatItIsNotFor() async throws {
        func refusal(_ dataDirectory: String, _ target: String) async -> String {
            let error = await #expect(throws: AdministrationError.self) {
                try await Backup.make(
                    dataDirectory: dataDirectory, to: target, options: Backup.Options(),
                    progress: { _ in })
            }
            return error?.message ?? ""
        }
        let folder = installation.folder.path
        let none = await refusal(folder, "\(folder)/x")
        #expect(none.contains("has no spotter.sqlite") && none.contains("pg_dump"))
        #expect(
            await refusal(installation.path, "\(installation.path)/x").contains(
                "must not lie in the data directory"))
        #expect(
            await refusal(installation.path, "\(folder)/no/x").contains("does not exist"))
        try MovedRows.note(in: installation.path, place: "database", now: Date())
        let moved = await refusal(installation.path, "\(folder)/x")
        #expect(moved.contains("were moved to the database") && moved.contains("pg_dump"))
        #expect(!installation.exists("x"))
    }

    // MARK: The audit log

    @Test func theAuditLogComesAlongWhenItIsAskedFor() async throws {
        try installation.write("{\"eventName\": \"CreateProject\"}\n", "audit/audit.jsonl")
        let with = try await installation.backup("with", auditLog: true)
        let without = try await installation.backup("without")
        #expect(try !filesBelow(without.data).contains { $0.hasPrefix("audit") })
        try await installation.restore(with)
        let lines = FileManager.default.contents(
            atPath: "\(installation.folder.path)/again/audit/audit.jsonl")
        #expect(lines == Data("{\"eventName\": \"CreateProject\"}\n".utf8))
    }

    @Test func noAuditFileIsLostWhenFilesAreRenamedMeanwhile() async throws {
        let log = RotatingLog(folder: "\(installation.path)/audit")
        for _ in 0..<30 { log.rotate() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    log.rotate()
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            for number in 0..<3 {
                let before = log.count
                let backup = try await installation.backup("backup\(number)", auditLog: true)
                let found = try filesBelow("\(backup.data)/audit").compactMap {
                    FileManager.default.contents(atPath: "\(backup.data)/audit/\($0)")
                }.filter { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }
                #expect(Set(found).isSuperset(of: (0..<before).map(RotatingLog.line)))
                #expect(Set(found).count == found.count)
            }
            group.cancelAll()
            do { try await group.waitForAll() } catch is CancellationError {}
        }
    }

    // MARK: Components

    @Test func aComponentThatHasLostAFileIsNamed() async throws {
        let artifact = try file(".zip", below: "\(installation.path)/greengrass/artifacts")
        try FileManager.default.removeItem(
            atPath: "\(installation.path)/greengrass/artifacts/\(artifact)")
        let lost =
            "greengrass/artifacts/\(artifact) of the component \(SmallInstallation.component) 0.1.0"
        let lacking = try await installation.backup("lacking")
        #expect(try lacking.header().missing == [lost])
        #expect(try lacking.header().components == 1)
        try await installation.restore(lacking)
        let recipe = try file(".json", below: "\(installation.path)/greengrass/recipes")
        try FileManager.default.removeItem(
            atPath: "\(installation.path)/greengrass/recipes/\(recipe)")
        let neither = try await installation.backup("neither").header()
        #expect(neither.components == 1)
        #expect(neither.missing.contains { $0.hasPrefix("greengrass/recipes/\(recipe) of") })
    }
}

/// An audit log whose files are renamed as the server does it: the newest has no number.
private final class RotatingLog: Sendable {
    private let folder: String
    private let state = Mutex(0)

    init(folder: String) { self.folder = folder }

    /// Lines that were written.
    var count: Int { state.withLock { $0 } }

    static func line(_ number: Int) -> String {
        "{\"number\": \(number), \"padding\": \"\(String(repeating: "x", count: 10_000))\"}\n"
    }

    func rotate() {
        state.withLock { count in
            for older in stride(from: count - 1, through: 0, by: -1) {
                rename(path(older), path(older + 1))
            }
            _ = FileManager.default.createFile(
                atPath: path(0), contents: Data(Self.line(count).utf8))
            count += 1
        }
    }

    private func path(_ number: Int) -> String {
        number == 0 ? "\(folder)/audit.jsonl" : "\(folder)/audit.jsonl.\(number)"
    }
}
