import FoundationEssentials
import NIOPosix
import Storage
import TestSupport
import Testing

@Suite struct DirectoryStoreTests {
    private let directory: TemporaryDirectory
    private let store: DirectoryStore
    private let pool = NIOThreadPool(numberOfThreads: 2)

    init() throws {
        directory = try TemporaryDirectory()
        pool.start()
        store = try DirectoryStore(root: "\(directory.path)/buckets", pool: pool)
    }

    @Test func itKeepsTheContract() async throws { try await ObjectStoreContract.all(store) }

    @Test func filesPutByHandAreObjects() async throws {
        try FileManager.default.createDirectory(
            atPath: "\(directory.path)/buckets/photos/day", withIntermediateDirectories: true)
        try Data("jpeg".utf8).write(
            to: URL(filePath: "\(directory.path)/buckets/photos/day/1.jpg"))
        let location = ObjectLocation(bucket: "photos", key: "day/1.jpg")
        #expect(try await store.get(location, bytesMax: 10) == Data("jpeg".utf8))
    }

    @Test func linksMayNotLeaveTheirBucket() async throws {
        let secret = "\(directory.path)/secret"
        try FileManager.default.createDirectory(
            atPath: secret, withIntermediateDirectories: true)
        try Data("secret".utf8).write(to: URL(filePath: "\(secret)/file"))
        try await store.createBucket("links")
        let bucket = "\(directory.path)/buckets/links"
        try FileManager.default.createSymbolicLink(
            atPath: "\(bucket)/out", withDestinationPath: secret)
        try FileManager.default.createSymbolicLink(
            atPath: "\(bucket)/file", withDestinationPath: "\(secret)/file")
        for key in ["out/file", "file"] {
            let error = await #expect(throws: StorageError.self) {
                try await store.get(ObjectLocation(bucket: "links", key: key), bytesMax: 10)
            }
            #expect(error?.code == .invalidName)
        }
        await #expect(throws: StorageError.self) {
            try await store.put(
                .bytes(Data()), at: ObjectLocation(bucket: "links", key: "out/new"))
        }
        #expect(!FileManager.default.fileExists(atPath: "\(secret)/new"))
        #expect(try await store.list("links", prefix: "out", after: nil, limit: 9).isEmpty)
    }

    @Test func aBucketMayBeALinkToAFolderOfPictures() async throws {
        let pictures = "\(directory.path)/pictures"
        try FileManager.default.createDirectory(
            atPath: pictures, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory.path)/buckets/linked", withDestinationPath: pictures)
        let location = ObjectLocation(bucket: "linked", key: "x")
        try await store.put(.bytes(Data([1])), at: location)
        #expect(try await store.get(location, bytesMax: 1) == Data([1]))
    }

    @Test func whatACrashLeftIsRemovedAndNeverListed() async throws {
        try await store.createBucket("crash")
        let leftover = "\(directory.path)/buckets/crash/.spotter-temporary"
        try FileManager.default.createDirectory(
            atPath: leftover, withIntermediateDirectories: true)
        try Data("half".utf8).write(to: URL(filePath: "\(leftover)/.spotter-1"))
        #expect(try await store.list("crash", prefix: "", after: nil, limit: 9).isEmpty)
        _ = try DirectoryStore(root: "\(directory.path)/buckets", pool: pool)
        #expect(!FileManager.default.fileExists(atPath: leftover))
    }
}
