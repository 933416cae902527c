import FoundationEssentials
import Storage
import Testing

/// What every `ObjectStore` must do. Each implementation has a suite that calls all of it.
enum ObjectStoreContract {
    private struct Stop: Error {}

    static func all(_ store: some ObjectStore) async throws {
        try await bucketsExistOnceMade(store)
        try await objectsComeBackAsTheyWerePut(store)
        try await largeObjectsAreReadInPieces(store)
        try await missingThingsAreTold(store)
        try await listsAreSortedAndPaged(store)
        try await foldersThatAreObjectsComeFirstInThem(store)
        try await badNamesAreRefused(store)
        try await concurrentPutsLeaveOneWholeObject(store)
    }

    private static func bucketsExistOnceMade(_ store: some ObjectStore) async throws {
        #expect(try await !store.bucketExists("contract"))
        try await store.createBucket("contract")
        try await store.createBucket("contract")
        #expect(try await store.bucketExists("contract"))
    }

    private static func objectsComeBackAsTheyWerePut(_ store: some ObjectStore) async throws {
        let location = ObjectLocation(bucket: "contract", key: "a/b/c (1).bin")
        for bytes in [Data([1, 2, 3]), Data(), Data(repeating: 9, count: 3_000_000)] {
            try await store.put(.bytes(bytes), at: location)
            #expect(try await store.get(location, bytesMax: 3_000_000) == bytes)
            #expect(try await store.head(location)?.size == bytes.count)
        }
        await #expect(throws: StorageError.self) {
            try await store.get(location, bytesMax: 2_999_999)
        }
        let file = FileManager.default.temporaryDirectory.path() + "/\(UUID().uuidString)"
        try Data("from a file".utf8).write(to: URL(filePath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        try await store.put(.file(path: file), at: location)
        #expect(try await store.get(location, bytesMax: 100) == Data("from a file".utf8))
        try await store.delete(location)
        try await store.delete(location)
        #expect(try await store.head(location) == nil)
    }

    private static func largeObjectsAreReadInPieces(_ store: some ObjectStore) async throws {
        let location = ObjectLocation(bucket: "contract", key: "pieces")
        let bytes = Data((0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 / 7) })
        try await store.put(.bytes(bytes), at: location)
        var read = Data()
        try await store.read(location, bytesMax: 2_500_000) { read += $0 }
        #expect(read == bytes)
        let tooLarge = await #expect(throws: StorageError.self) {
            try await store.read(location, bytesMax: 2_499_999) { _ in }
        }
        #expect(tooLarge?.code == .tooLarge)
        await #expect(throws: Stop.self) {
            try await store.read(location, bytesMax: 2_500_000) { _ in throw Stop() }
        }
        // An object that is replaced meanwhile is read as it was.
        var pieces = Data()
        try await store.read(location, bytesMax: 2_500_000) { piece in
            if pieces.isEmpty { try await store.put(.bytes(Data([1])), at: location) }
            pieces += piece
        }
        #expect(pieces == bytes)
        try await store.delete(location)
        await #expect(throws: StorageError.self) {
            try await store.read(location, bytesMax: 1) { _ in }
        }
    }

    private static func missingThingsAreTold(_ store: some ObjectStore) async throws {
        let noObject = await #expect(throws: StorageError.self) {
            try await store.get(ObjectLocation(bucket: "contract", key: "none"), bytesMax: 1)
        }
        #expect(noObject?.code == .noSuchObject)
        for key in ["none", "deep/none"] {
            let noBucket = await #expect(throws: StorageError.self) {
                try await store.put(.bytes(Data()), at: ObjectLocation(bucket: "absent", key: key))
            }
            #expect(noBucket?.code == .noSuchBucket)
        }
    }

    private static func listsAreSortedAndPaged(_ store: some ObjectStore) async throws {
        try await store.createBucket("list")
        let keys = ["a", "a/b", "a/b0", "a-b", "b/1", "b/10", "b/2", "é", "z"]
        for key in keys {
            try await store.put(
                .bytes(Data(key.utf8)), at: ObjectLocation(bucket: "list", key: key))
        }
        let sorted = keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var found: [String] = []
        while true {
            let page = try await store.list("list", prefix: "", after: found.last, limit: 3)
            found += page.map(\.key)
            if page.count < 3 { break }
        }
        #expect(found == sorted)
        let below = try await store.list("list", prefix: "b/1", after: nil, limit: 10)
        #expect(below == [ObjectSummary(key: "b/1", size: 3), ObjectSummary(key: "b/10", size: 4)])
    }

    private static func foldersThatAreObjectsComeFirstInThem(_ store: some ObjectStore)
        async throws
    {
        try await store.createBucket("folders")
        let folder = ObjectLocation(bucket: "folders", key: "train/")
        let file = ObjectLocation(bucket: "folders", key: "train/a")
        try await store.put(.bytes(Data()), at: folder)
        try await store.put(.bytes(Data([1])), at: file)
        #expect(
            try await store.list("folders", prefix: "", after: nil, limit: 9)
                == [ObjectSummary(key: "train/", size: 0), ObjectSummary(key: "train/a", size: 1)])
        let after = try await store.list("folders", prefix: "", after: "train/", limit: 9)
        #expect(after.map(\.key) == ["train/a"])
        try await store.delete(file)
        #expect(try await store.head(folder)?.size == 0)
        try await store.put(.bytes(Data([1])), at: file)
        try await store.delete(folder)
        #expect(try await store.head(folder) == nil)
        #expect(try await store.head(file)?.size == 1)
    }

    private static func badNamesAreRefused(_ store: some ObjectStore) async throws {
        for key in [
            "../x", "a/../../x", "/x", "a//b", "a/./b", "", "a//",
            String(repeating: "k", count: 1025),
        ] {
            let error = await #expect(throws: StorageError.self, "\(key.prefix(20))") {
                try await store.put(
                    .bytes(Data()), at: ObjectLocation(bucket: "contract", key: key))
            }
            #expect(error?.code == .invalidName)
        }
        for bucket in ["..", ".x.", "a/b", "ab", "", "bücket", "x\0y"] {
            await #expect(throws: StorageError.self) { try await store.createBucket(bucket) }
            #expect(try await !store.bucketExists(bucket))
        }
    }

    private static func concurrentPutsLeaveOneWholeObject(_ store: some ObjectStore) async throws {
        let location = ObjectLocation(bucket: "contract", key: "contested")
        let candidates = (0..<16).map { Data(repeating: UInt8($0), count: 200_000 + $0) }
        try await store.put(.bytes(candidates[0]), at: location)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for bytes in candidates {
                group.addTask { try await store.put(.bytes(bytes), at: location) }
                group.addTask {
                    let seen = try await store.get(location, bytesMax: 1_000_000)
                    #expect(candidates.contains(seen))
                }
            }
            try await group.waitForAll()
        }
        #expect(candidates.contains(try await store.get(location, bytesMax: 1_000_000)))
    }
}
