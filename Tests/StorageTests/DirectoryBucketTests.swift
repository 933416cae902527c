import FoundationEssentials
import Storage
import Testing

@Suite struct DirectoryBucketTests {
    private let fixture: DirectoryFixture
    private var store: DirectoryStore { fixture.store }

    init() async throws { fixture = try await DirectoryFixture() }

    @Test func bucketsAreListedByNameAndKeepTheirAge() async throws {
        try await store.createBucket("beta")
        try await store.createBucket("alpha")
        await expectError(.bucketExists) { try await store.makeBucket("alpha") }
        try FileManager.default.createDirectory(
            atPath: "\(fixture.root)/buckets/by-hand", withIntermediateDirectories: true)
        let before = try await store.buckets()
        #expect(before.map(\.name) == ["alpha", "beta", "by-hand", DirectoryFixture.bucket])
        #expect(before.allSatisfy { $0.created.timeIntervalSince1970 > 1_000_000_000 })
        try await fixture.upload("x", Data())
        #expect(try await store.buckets().last == before.last)
    }

    @Test func aBucketGoesOnlyWithoutObjects() async throws {
        try await fixture.upload("a/b/", Data())
        await expectError(.bucketNotEmpty) { try await store.deleteBucket("photos") }
        try await store.delete(fixture.location("a/b/"))
        try fixture.place("by/hand")
        await expectError(.bucketNotEmpty) { try await store.deleteBucket("photos") }
        #expect(try await store.object(fixture.location("by/hand")) != nil)
        try await store.delete(fixture.location("by/hand"))
        try FileManager.default.createDirectory(
            atPath: "\(fixture.path)/empty/folder", withIntermediateDirectories: true)
        _ = try await store.createMultipartUpload(fixture.location("x"), MultipartDraft())
        try await store.deleteBucket("photos")
        #expect(!FileManager.default.fileExists(atPath: fixture.path))
        await expectError(.noSuchBucket) { try await store.deleteBucket("photos") }
        await expectError(.noSuchBucket) { _ = try await store.page("photos", ListQuery()) }
    }

    @Test func anUploadOfABucketThatWentDoesNotBringItBack() async throws {
        let upload = try await store.beginUpload(fixture.location("a/x"))
        try await upload.write(Data([1]))
        try await store.deleteBucket("photos")
        await expectError(.noSuchBucket) { _ = try await upload.finish() }
        #expect(try await !store.bucketExists("photos"))
    }

    @Test func ofABucketThatIsALinkOnlyTheLinkGoes() async throws {
        let pictures = "\(fixture.root)/pictures"
        try FileManager.default.createDirectory(
            atPath: "\(pictures)/keep", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: "\(fixture.root)/buckets/linked", withDestinationPath: pictures)
        try Data([1]).write(to: URL(filePath: "\(pictures)/keep/me"))
        await expectError(.bucketNotEmpty) { try await store.deleteBucket("linked") }
        try FileManager.default.removeItem(atPath: "\(pictures)/keep/me")
        try await store.deleteBucket("linked")
        #expect(try await !store.bucketExists("linked"))
    }

    @Test func neighboursComeAndGoWithoutHurtingEachOther() async throws {
        // A removal takes the empty folder away that the neighbour's write has just made.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for round in 0..<12 {
                        let key = "deep/er/\(writer)"
                        try await fixture.upload(key, Data([UInt8(round)]))
                        #expect(try await fixture.bytes(key) == Data([UInt8(round)]))
                        try await store.delete(fixture.location(key))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.path)/deep"))
        #expect(fixture.files(".spotter-metadata").isEmpty)
        #expect(fixture.files(".spotter-temporary").isEmpty)
    }

    @Test func bytesAndAttributesAreAlwaysOfTheSameObject() async throws {
        try await fixture.upload("x", Data([0]), metadata: ["value": "0"])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<3 {
                group.addTask {
                    for round in 0..<20 {
                        let value = UInt8(writer * 20 + round)
                        try await fixture.upload(
                            "x", Data([value]), metadata: ["value": "\(value)"])
                    }
                }
            }
            for _ in 0..<3 {
                group.addTask {
                    for _ in 0..<150 {
                        let reader = try await store.open(fixture.location("x"))
                        let value = try await reader.read(offset: 0, count: 1).first
                        let metadata = reader.object.attributes.userMetadata
                        #expect(metadata == ["value": "\(value ?? 255)"])
                        let object = try await store.object(fixture.location("x"))
                        #expect(object?.attributes.userMetadata.isEmpty == false)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(fixture.files(".spotter-metadata").count == 1)
    }
}
