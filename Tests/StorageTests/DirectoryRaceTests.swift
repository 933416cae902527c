import FoundationEssentials
import Glibc
import NIOPosix
import Storage
import Synchronization
import Testing

/// Somebody who may write into a bucket's folder swaps what is there for a link that leads out, as
/// fast as it goes, while the store is used: nothing outside is read or changed.
@Suite struct DirectoryRaceTests {
    private static let secret = Data("the root key".utf8)
    /// Of what writes and syncs.
    private static let rounds = 30

    private let fixture: DirectoryFixture
    private var store: DirectoryStore { fixture.store }
    /// What the links lead to: a folder like the bucket's, with the secret in place of all bytes.
    private var outside: String { "\(fixture.root)/outside" }
    private var key: ObjectLocation { fixture.location("day/file") }

    init() async throws { fixture = try await DirectoryFixture() }

    /// Exchanges two names for each other until it is stopped.
    private final class Swapper: Sendable {
        private let isOver = Atomic(false)
        private let pool = NIOThreadPool(numberOfThreads: 1)
        private let ended: AsyncStream<Int>

        init(_ place: String, _ link: String) {
            let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
            ended = stream
            pool.start()
            pool.submit { [self] _ in
                var swaps = 0
                while !isOver.load(ordering: .acquiring) || swaps % 2 == 1 {
                    if Self.exchange(place, link) {
                        swaps += 1
                    } else if isOver.load(ordering: .acquiring) {
                        break
                    }
                }
                continuation.yield(swaps)
                continuation.finish()
            }
        }

        private typealias Rename =
            @convention(c) (
                Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32
            ) -> Int32
        /// Glibc's module does not declare it.
        private static let rename = dlsym(nil, "renameat2").map {
            unsafeBitCast($0, to: Rename.self)
        }
        private static let exchangeFlag: UInt32 = 2

        private static func exchange(_ one: String, _ other: String) -> Bool {
            rename?(AT_FDCWD, one, AT_FDCWD, other, exchangeFlag) == 0
        }

        /// Leaves the names as they were.
        func stop() async -> Int {
            isOver.store(true, ordering: .releasing)
            var swaps = 0
            for await count in ended { swaps = count }
            try? await pool.shutdownGracefully()
            return swaps
        }
    }

    /// Does `body` again and again while `place` in the bucket is swapped for a link to its like
    /// outside.
    private func race(
        _ place: String, rounds: Int = Self.rounds,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (_ round: Int) async throws -> Void
    ) async throws {
        let link = "\(fixture.root)/link"
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: "\(outside)/\(place)")
        let before = try Self.contents(outside)
        try #require(!before.isEmpty)
        let swapper = Swapper("\(fixture.path)/\(place)", link)
        for round in 0..<rounds {
            do {
                try await body(round)
            } catch is StorageError {
                // It met the link, or what was not there at that moment.
            }
        }
        let swaps = await swapper.stop()
        #expect(swaps > rounds, "nothing was raced", sourceLocation: sourceLocation)
        let after = try Self.contents(outside)
        #expect(after == before, sourceLocation: sourceLocation)
    }

    /// Paths, times and bytes of all that is below a folder.
    private static func contents(_ folder: String) throws -> [String: String] {
        var found: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            var info = stat()
            try #require(lstat("\(folder)/\(path)", &info) == 0)
            let bytes = FileManager.default.contents(atPath: "\(folder)/\(path)")
            found[path] =
                "\(info.st_mtim.tv_sec).\(info.st_mtim.tv_nsec) \(bytes?.base64EncodedString() ?? "")"
        }
        return found
    }

    private func copyOutside(_ place: String) throws {
        try FileManager.default.createDirectory(
            atPath: outside, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: "\(fixture.path)/\(place)", toPath: "\(outside)/\(place)")
        for path in try FileManager.default.subpathsOfDirectory(atPath: outside)
        where !path.hasSuffix(".json") {
            let file = "\(outside)/\(path)"
            var info = stat()
            if lstat(file, &info) == 0, info.st_mode & S_IFMT == S_IFREG {
                try Self.secret.write(to: URL(filePath: file))
            }
        }
    }

    private func expectNoSecret(
        _ read: () async throws -> Data, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let bytes = try await read()
        #expect(bytes != Self.secret, sourceLocation: sourceLocation)
    }

    private func reader() async throws -> Data {
        try await store.open(key).read(offset: 0, count: 100)
    }

    private static let own = Data("own".utf8)

    @Test(arguments: ["day", "day/file"])
    func readsNeverLeaveTheBucket(place: String) async throws {
        try fixture.place("day/file", Self.own)
        try copyOutside("day")
        try await race(place, rounds: 400) { round in
            try? await expectNoSecret { try await store.get(key, bytesMax: 100) }
            try? await expectNoSecret { try await reader() }
            let object = try? await store.object(key)
            #expect(object == nil || object?.size == Self.own.count)
            let query = ListQuery(prefix: round % 2 == 0 ? "" : "day/")
            for object in try await store.page(DirectoryFixture.bucket, query).objects {
                #expect(object.size == Self.own.count)
            }
        }
    }

    @Test func writesNeverLeaveTheBucket() async throws {
        try fixture.place("day/file", Self.own)
        try copyOutside("day")
        try await race("day") { round in
            _ = try? await fixture.upload("day/file", Self.own)
            _ = try? await fixture.upload("day/deeper/\(round)", Self.own)
            try? await store.delete(fixture.location("day/deeper/\(round)"))
            try await store.delete(key)
        }
        #expect(fixture.files(".spotter-temporary").isEmpty)
    }

    @Test(arguments: [".spotter-temporary", ".spotter-metadata"])
    func filesOnTheirWayNeverLeaveTheBucket(place: String) async throws {
        try await fixture.upload("day/file", Self.own, metadata: ["is": "own"])
        let kept = try await store.beginUpload(fixture.location("other"))
        try copyOutside(place)
        for path in try FileManager.default.subpathsOfDirectory(atPath: outside)
        where path.hasSuffix(".json") {
            let file = URL(filePath: "\(outside)/\(path)")
            let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
            try Data(text.replacing("own", with: "secret").utf8).write(to: file)
        }
        try await race(place) { _ in
            let object = try? await store.object(key)
            #expect(object?.attributes.userMetadata != ["is": "secret"])
            try await fixture.upload("new", Self.own, metadata: ["is": "own"])
        }
        await kept.discard()
        #expect(fixture.files(".spotter-temporary").isEmpty)
    }

    @Test func completedUploadsNeverHaveBytesFromOutside() async throws {
        var ids: [(String, PartReference)] = []
        for _ in 0..<Self.rounds {
            let id = try await store.createMultipartUpload(key, MultipartDraft())
            let upload = try await store.beginPart(key, uploadID: id, number: 1)
            try await upload.write(
                Self.secret.map { $0 ^ 1 }.reduce(into: Data()) { $0.append($1) })
            let etag = try await upload.finish().attributes.etag
            ids.append((id, PartReference(number: 1, etag: etag)))
        }
        try copyOutside(".spotter-uploads")
        try await race(".spotter-uploads") { round in
            let (id, part) = ids[round]
            let again = try? await store.beginPart(key, uploadID: id, number: 2)
            try? await again?.write(Self.own)
            _ = try? await again?.finish()
            _ = try? await store.createMultipartUpload(key, MultipartDraft())
            do {
                _ = try await store.completeMultipartUpload(key, uploadID: id, parts: [part])
                try await expectNoSecret { try await store.get(key, bytesMax: 100) }
            } catch is StorageError {
                try await store.abortMultipartUpload(key, uploadID: id)
            }
        }
    }

    @Test func settingsAreNeverThoseOfAnotherFile() async throws {
        let bucket = DirectoryFixture.bucket
        try await store.changeSettings(of: bucket) { _ in Self.own }
        try copyOutside(".spotter-settings")
        try await race(".spotter-settings", rounds: 400) { _ in
            try await expectNoSecret { try await store.settings(bucket) ?? Data() }
        }
    }
}
