import Cloud
import Foundation
import NIOPosix
import Service
import Storage
import TestSupport
import Testing

@testable import Administration

@Suite struct StoresTests {
    private struct Failure: Error {}

    private let folder: TemporaryDirectory
    private let own: StoresConfiguration

    init() throws {
        folder = try TemporaryDirectory()
        own = StoresConfiguration(
            dataDirectory: "\(folder.path)/data", region: "us-east-1", accountID: "000000000000")
    }

    private static let key = [
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret-of-16-bytes",
    ]

    /// Nobody listens there: what is opened must not call it.
    private var cluster: StoresConfiguration {
        var cluster = own
        cluster.metadata = .postgreSQL(url: "postgres://spotter@127.0.0.1:1/rows")
        cluster.objectStore = .s3(endpoint: "http://127.0.0.1:1", region: nil)
        cluster.stateBucket = "spotter-state"
        return cluster
    }

    @Test func aServerDoesNotBeginEmptyBesideItsModels() async throws {
        let installation = try await SmallInstallation()
        try FileManager.default.removeItem(atPath: "\(installation.path)/spotter.sqlite")
        let error = await #expect(throws: AdministrationError.self) {
            try await Stores.withStores(
                holding: installation.configuration, environment: [:]
            ) { _ = try $0.metadata() }
        }
        #expect("\(try #require(error))".contains("spotter.sqlite is gone"))
        #expect(
            !FileManager.default.fileExists(atPath: "\(installation.path)/spotter.sqlite"))
    }

    /// What a test keeps of stores to see that they were closed.
    private struct Opened {
        let stores: Stores
        weak var metadata: SQLiteStore?
        weak var objects: DirectoryStore?
    }

    private func openAll(_ stores: Stores) async throws -> Opened {
        let metadata = try #require(try stores.metadata() as? SQLiteStore)
        let objects = try #require(try stores.objects() as? DirectoryStore)
        _ = (try stores.state(), try stores.models(), try stores.backbones())
        _ = try stores.components()
        _ = try stores.cloud()
        #expect(try await objects.buckets().isEmpty)
        #expect(try await metadata.read { try $0.countProjects() } == 0)
        return Opened(stores: stores, metadata: metadata, objects: objects)
    }

    private func expectClosed(_ opened: Opened) async {
        #expect(opened.metadata == nil)
        #expect(opened.objects == nil)
        #expect(throws: AdministrationError.self) { try opened.stores.metadata() }
        #expect(throws: AdministrationError.self) { try opened.stores.cloud() }
        await #expect(throws: (any Error).self) {
            try await opened.stores.pool.runIfActive { 1 }
        }
        // The lock is free, although the value still exists.
        #expect(throws: Never.self) { try DataDirectory(path: own.dataDirectory) }
    }

    @Test func allThatWasOpenedIsClosedAfterSuccess() async throws {
        let opened = try await Stores.withStores(holding: own, environment: [:]) { stores in
            let opened = try await openAll(stores)
            let error = #expect(throws: AdministrationError.self) {
                try DataDirectory(path: own.dataDirectory)
            }
            #expect(error?.message.contains("is in use by another Spotter") == true)
            return opened
        }
        await expectClosed(opened)
        // Closing it once more changes nothing.
        try await opened.stores.close()
    }

    @Test func allThatWasOpenedIsClosedAfterAFailure() async throws {
        var opened: Opened?
        await #expect(throws: Failure.self) {
            try await Stores.withStores(holding: own, environment: [:]) { stores in
                opened = try await openAll(stores)
                throw Failure()
            }
        }
        await expectClosed(try #require(opened))
    }

    @Test func eachStoreIsOpenedOnce() async throws {
        try await Stores.withStores(holding: own, environment: [:]) { stores in
            let first = try #require(try stores.metadata() as? SQLiteStore)
            #expect(try stores.metadata() as? SQLiteStore === first)
            #expect(try stores.embeddedComponents() === stores.embeddedComponents())
        }
    }

    @Test func besideAMissingDataDirectoryNothingIsMade() async throws {
        let error = await #expect(throws: AdministrationError.self) {
            try await Stores.withStores(beside: own, environment: [:]) { _ = try $0.metadata() }
        }
        #expect(error?.message.contains("is not a data directory of Spotter") == true)
        #expect(!FileManager.default.fileExists(atPath: own.dataDirectory))
        // The folder alone is not enough.
        try FileManager.default.createDirectory(
            atPath: own.dataDirectory, withIntermediateDirectories: true)
        await #expect(throws: AdministrationError.self) {
            try await Stores.withStores(beside: own, environment: [:]) { _ = try $0.metadata() }
        }
    }

    @Test func aCommandBesideAServerSharesItsRowsButNotItsModelFiles() async throws {
        try await Stores.withStores(holding: own, environment: [:]) { server in
            _ = try server.metadata()
            try await Stores.withStores(beside: own, environment: [:]) { command in
                try await command.metadata().write {
                    try $0.save(ProjectRecord(name: "p", created: Date()))
                }
                #expect(throws: AdministrationError.self) { try command.held() }
                #expect(throws: AdministrationError.self) { try command.state() }
                _ = (try command.components(), try command.backbones(), try command.objects())
            }
            #expect(try await server.metadata().read { try $0.project("p") } != nil)
        }
    }

    @Test func rowsThatWereMovedAreNotOpened() async throws {
        try await Stores.withStores(holding: own, environment: [:]) { _ = try $0.metadata() }
        try MovedRows.note(in: own.dataDirectory, place: "database x", now: Date())
        let held = #expect(throws: AdministrationError.self) {
            try Stores.holding(own, environment: [:], threads: 1, logger: Stores.silent)
        }
        #expect(held?.message.contains("were moved to the database x") == true)
        let beside = await #expect(throws: AdministrationError.self) {
            try await Stores.withStores(beside: own, environment: [:]) { _ = try $0.metadata() }
        }
        #expect(beside?.message == held?.message)
        // Other rows are another matter, and the refusal has given the lock back.
        var moved = own
        moved.metadata = .postgreSQL(url: "postgres://spotter@127.0.0.1:1/rows")
        try await Stores.withStores(holding: moved, environment: [:]) { _ = try $0.metadata() }
    }

    @Test func aClusterIsOpenedWithoutACallAndHidesItsStateBucket() async throws {
        try await Stores.withStores(beside: cluster, environment: Self.key) { stores in
            _ = (try stores.metadata(), try stores.components(), try stores.models())
            #expect(try stores.state().name == "spotter-state")
            #expect(try await !stores.objects().bucketExists("Spotter-State"))
            guard case .s3 = try stores.buckets() else {
                Issue.record("the buckets are not in the S3")
                return
            }
        }
        #expect(!FileManager.default.fileExists(atPath: own.dataDirectory))
    }

    @Test func anotherS3WithoutAKeyIsNamedByItsOption() async throws {
        let error = await #expect(throws: AdministrationError.self) {
            try await Stores.withStores(
                beside: cluster, environment: ["HOME": folder.path]
            ) { _ = try $0.objects() }
        }
        #expect(error?.message.hasPrefix("--object-store s3: ") == true)
    }
}
