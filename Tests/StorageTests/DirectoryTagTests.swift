import FoundationEssentials
import Testing

@testable import Storage

/// Tags change while their object stays.
@Suite struct DirectoryTagTests {
    private let fixture: DirectoryFixture
    private var store: DirectoryStore { fixture.store }
    /// The key looks like the member that holds a record's checksum.
    private static let tags = [
        ObjectTag(key: "line", value: "7"), ObjectTag(key: "recordSHA256", value: "\":\""),
    ]

    init() async throws { fixture = try await DirectoryFixture() }

    @Test func tagsAreKeptWithTheObjectAndGoWithIt() async throws {
        let before = try await fixture.upload("a/k", Data("x".utf8), metadata: ["m": "1"])
        try await store.setTags(Self.tags, of: fixture.location("a/k"))
        let reopened = try fixture.reopened()
        let after = try #require(try await reopened.object(fixture.location("a/k")))
        #expect(after.attributes.tags == Self.tags)
        #expect(after.attributes.userMetadata == ["m": "1"] && after.modified == before.modified)
        #expect(try await reopened.verify(fixture.location("a/k")))
        try await store.setTags(nil, of: fixture.location("a/k"))
        #expect(try await store.object(fixture.location("a/k")) == before)
        try await store.setTags(Self.tags, of: fixture.location("a/k"))
        try await fixture.upload("a/k", Data("y".utf8))
        #expect(try await store.object(fixture.location("a/k"))?.attributes.tags == nil)
        #expect(fixture.files(".spotter-metadata").count == 1)
        #expect(fixture.files(".spotter-temporary").isEmpty)
    }

    @Test func aFileThatWasPutByHandCanHaveTags() async throws {
        try fixture.place("by-hand.png", Data("x".utf8))
        let before = try #require(try await store.object(fixture.location("by-hand.png")))
        try await store.setTags(Self.tags, of: fixture.location("by-hand.png"))
        let after = try #require(try await store.object(fixture.location("by-hand.png")))
        #expect(after.attributes.etag == before.attributes.etag)
        #expect(after.attributes.headers == before.attributes.headers)
        #expect(after.attributes.tags == Self.tags)
    }

    @Test func whatIsNotThereHasNoTags() async throws {
        await expectError(.noSuchObject) {
            try await store.setTags(Self.tags, of: fixture.location("none"))
        }
        #expect(fixture.files(".spotter-metadata").isEmpty)
    }

    @Test func tagsNeverGoToAnotherObjectThanTheOneThatWasThere() async throws {
        try await fixture.upload("k", Data("0".utf8))
        try await withThrowingTaskGroup { group in
            group.addTask {
                for number in 1...40 { try await fixture.upload("k", Data("\(number)".utf8)) }
            }
            group.addTask {
                for _ in 1...40 { try? await store.setTags(Self.tags, of: fixture.location("k")) }
            }
            try await group.waitForAll()
        }
        #expect(try await fixture.bytes("k") == Data("40".utf8))
        #expect(try await store.verify(fixture.location("k")))
        #expect(fixture.files(".spotter-metadata").count == 1)
    }

    @Test func changesOfSettingsBesideEachOtherAreAllKept() async throws {
        try await withThrowingTaskGroup { group in
            for number in 0..<30 {
                group.addTask {
                    try await store.changeSettings(of: DirectoryFixture.bucket) {
                        ($0 ?? Data()) + Data([UInt8(number)])
                    }
                }
            }
            try await group.waitForAll()
        }
        let kept = try #require(try await store.settings(DirectoryFixture.bucket))
        #expect(Set(kept) == Set(0..<30))
    }
}
