import FoundationEssentials
import Storage
import Testing

@Suite struct DirectoryObjectTests {
    private let fixture: DirectoryFixture
    private var store: DirectoryStore { fixture.store }

    init() async throws { fixture = try await DirectoryFixture() }

    @Test func attributesComeBackAsTheyWereGiven() async throws {
        let upload = try await store.beginUpload(fixture.location("a/b.png"))
        try await upload.write(Data("hello ".utf8))
        try await upload.write(Data("world".utf8))
        let made = try await upload.finish(
            headers: ["content-type": "text/plain", "cache-control": "no-store"],
            userMetadata: ["line": "7"], checksums: ["crc32": "DUoRhQ=="],
            checksumType: "FULL_OBJECT")
        let expected = ObjectAttributes(
            etag: "5eb63bbbe01eeed093cb22bb8f5acdc3",
            headers: ["content-type": "text/plain", "cache-control": "no-store"],
            userMetadata: ["line": "7"], checksums: ["crc32": "DUoRhQ=="],
            checksumType: "FULL_OBJECT")
        #expect(made.attributes == expected)
        #expect(made.size == 11)
        #expect(try await store.object(fixture.location("a/b.png")) == made)
        #expect(try await fixture.reopened().object(fixture.location("a/b.png")) == made)
        let page = try await store.page(DirectoryFixture.bucket, ListQuery())
        #expect(page.objects == [made])
        let reader = try await store.open(fixture.location("a/b.png"))
        #expect(reader.object == made)
        #expect(try await reader.read(offset: 6, count: 100) == Data("world".utf8))
        #expect(try await reader.read(offset: 0, count: 2) == Data("he".utf8))
        #expect(try await reader.read(offset: 11, count: 2).isEmpty)
    }

    @Test func anUploadIsUnseenUntilItIsFinishedAndLeavesNothingWhenDiscarded() async throws {
        let upload = try await store.beginUpload(fixture.location("x"))
        try await upload.write(Data([1]))
        #expect(try await store.object(fixture.location("x")) == nil)
        #expect(try await store.page(DirectoryFixture.bucket, ListQuery()).objects.isEmpty)
        #expect(fixture.files(".spotter-temporary").count == 1)
        await upload.discard()
        #expect(fixture.files(".spotter-temporary").isEmpty)
        await expectError(.unavailable) { _ = try await upload.finish() }
        #expect(try await store.object(fixture.location("x")) == nil)
    }

    @Test func anUploadThatIsLetGoLeavesNothing() async throws {
        var upload: ObjectUpload? = try await store.beginUpload(fixture.location("x"))
        try await upload?.write(Data([1]))
        upload = nil
        // The pool removes the file when it comes to it.
        for _ in 0..<1000 where !fixture.files(".spotter-temporary").isEmpty {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(fixture.files(".spotter-temporary").isEmpty)
    }

    @Test func aReplacedObjectKeepsOneRecordAndADeletedOneNone() async throws {
        for index in 0..<4 {
            try await fixture.upload("x", Data([1]), metadata: ["index": "\(index)"])
        }
        let object = try await store.object(fixture.location("x"))
        #expect(object?.attributes.userMetadata == ["index": "3"])
        #expect(fixture.files(".spotter-metadata").count == 1)
        try await store.delete(fixture.location("x"))
        #expect(fixture.files(".spotter-metadata").isEmpty)
    }

    @Test func aReaderKeepsWhatItOpened() async throws {
        try await fixture.upload("x", Data("old".utf8), metadata: ["is": "old"])
        let reader = try await store.open(fixture.location("x"))
        try await fixture.upload("x", Data("newer".utf8), metadata: ["is": "new"])
        #expect(reader.object.attributes.userMetadata == ["is": "old"])
        #expect(try await reader.read(offset: 0, count: 9) == Data("old".utf8))
        try await store.delete(fixture.location("x"))
        #expect(try await reader.read(offset: 0, count: 9) == Data("old".utf8))
        await expectError(.noSuchObject) { _ = try await store.open(fixture.location("x")) }
    }

    @Test func whatIsPutThroughTheProtocolHasAnMD5AndAType() async throws {
        try await store.put(.bytes(Data("hello world".utf8)), at: fixture.location("m.json"))
        let attributes = try await store.object(fixture.location("m.json"))?.attributes
        #expect(attributes?.etag == "5eb63bbbe01eeed093cb22bb8f5acdc3")
        #expect(attributes?.headers == ["content-type": "application/json"])
    }

    @Test func filesPutByHandGetATypeAndAnETagThatFollowsThem() async throws {
        try fixture.place("day/1.JPG", Data("one".utf8))
        try fixture.place("day/2", Data("two".utf8))
        let first = try #require(try await store.object(fixture.location("day/1.JPG")))
        #expect(first.attributes.headers == ["content-type": "image/jpeg"])
        #expect(first.attributes.etag.hasSuffix("-1") && first.attributes.etag.count == 34)
        #expect(try await store.object(fixture.location("day/1.JPG")) == first)
        let second = try await store.object(fixture.location("day/2"))
        #expect(second?.attributes.headers == ["content-type": "binary/octet-stream"])
        try fixture.place("day/1.JPG", Data("other".utf8))
        let changed = try await store.object(fixture.location("day/1.JPG"))
        #expect(changed?.attributes.etag != first.attributes.etag)
    }

    @Test func aFilePutByHandOverAnObjectLosesTheObjectsAttributes() async throws {
        try await fixture.upload("x", Data("one".utf8), metadata: ["is": "uploaded"])
        try fixture.place("x", Data("two".utf8))
        let object = try #require(try await store.object(fixture.location("x")))
        #expect(object.attributes.userMetadata.isEmpty)
        #expect(object.attributes.etag.hasSuffix("-1"))
        #expect(try await fixture.bytes("x") == Data("two".utf8))
    }

    @Test func conditionsAreJudgedWhenTheObjectAppears() async throws {
        await expectError(.noSuchObject) {
            try await fixture.upload("x", Data([1]), condition: .etag("e"))
        }
        let first = try await fixture.upload("x", Data([1]), condition: .absent)
        await expectError(.preconditionFailed) {
            try await fixture.upload("x", Data([2]), condition: .absent)
        }
        await expectError(.preconditionFailed) {
            try await fixture.upload("x", Data([2]), condition: .etag("e"))
        }
        #expect(try await fixture.bytes("x") == Data([1]))
        #expect(fixture.files(".spotter-metadata").count == 1)
        #expect(fixture.files(".spotter-temporary").isEmpty)
        let second = try await fixture.upload(
            "x", Data([2]), condition: .etag(first.attributes.etag))
        await expectError(.preconditionFailed) {
            try await store.delete(
                fixture.location("x"), condition: .etag(first.attributes.etag))
        }
        try await store.delete(fixture.location("x"), condition: .etag(second.attributes.etag))
        #expect(try await store.object(fixture.location("x")) == nil)
    }

    @Test func oneOfManyWritersOfAnAbsentObjectWins() async throws {
        let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<12 {
                group.addTask {
                    do {
                        try await fixture.upload("x", Data([UInt8(index)]), condition: .absent)
                        return true
                    } catch let error as StorageError where error.code == .preconditionFailed {
                        return false
                    }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(winners == 1)
        #expect(fixture.files(".spotter-metadata").count == 1)
    }

    @Test func tooManyAttributesAreRefused() async throws {
        await expectError(.tooLarge) {
            try await fixture.upload(
                "x", Data(),
                metadata: ["m": String(repeating: "m", count: DirectoryLimits.recordBytesMax)])
        }
        #expect(try await store.object(fixture.location("x")) == nil)
        #expect(fixture.files(".spotter-temporary").isEmpty)
    }

    @Test func hiddenNamesAreNoKeysAndNotListed() async throws {
        try await fixture.upload("x", Data())
        try fixture.place(".spotter-other", Data())
        for key in [
            ".spotter-metadata/x", ".spotter-x", "a/.spotter-folder", "a/.spotter-folder/",
            ".spotter-folder", ".spotter-temporary/",
        ] {
            await expectError(.invalidName) { try await fixture.upload(key, Data()) }
            await expectError(.invalidName) { _ = try await store.object(fixture.location(key)) }
        }
        let page = try await store.page(DirectoryFixture.bucket, ListQuery())
        #expect(page.objects.map(\.key) == ["x"])
        let hidden = try await store.page(
            DirectoryFixture.bucket, ListQuery(prefix: ".spotter-metadata/"))
        #expect(hidden == ListPage())
    }

    @Test func aSlashBeforeACombiningMarkIsASlash() async throws {
        await expectError(.invalidName) {
            try await fixture.upload("../\u{301}out/x", Data())
        }
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.path)/../\u{301}out"))
        try await fixture.upload("in/\u{301}side/x", Data([1]))
        #expect(try await fixture.bytes("in/\u{301}side/x") == Data([1]))
    }

    @Test(arguments: [
        ["a", "a/b", "a/b/", "a/b/c"], ["a/b/c", "a/b/", "a/b", "a"],
        ["a/b", "a/b/c", "a", "a/b/"],
    ])
    func objectsAndFoldersOfOneNameAreBesideEachOther(_ keys: [String]) async throws {
        for key in keys { try await fixture.upload(key, Data(key.utf8)) }
        for key in keys {
            #expect(try await fixture.bytes(key) == Data(key.utf8))
            #expect(try await store.object(fixture.location(key))?.attributes.etag.count == 32)
        }
        #expect(try await listed() == ["a", "a/b", "a/b/", "a/b/c"])
        let again = try fixture.reopened()
        #expect(try await again.object(fixture.location("a"))?.size == 1)
        for key in keys {
            try await store.delete(fixture.location(key))
            #expect(try await store.object(fixture.location(key)) == nil)
        }
        #expect(try await listed().isEmpty)
        try await store.deleteBucket(DirectoryFixture.bucket)
    }

    private func listed() async throws -> [String] {
        try await store.list(DirectoryFixture.bucket, prefix: "", after: nil, limit: 100)
            .map(\.key)
    }

    @Test func anObjectBesideItsFolderIsListedInItsPlace() async throws {
        for key in ["a/b", "a-b", "a", "a0", "c/d/e", "c/d"] {
            try await fixture.upload(key, Data())
        }
        #expect(try await listed() == ["a", "a-b", "a/b", "a0", "c/d", "c/d/e"])
        let page = try await store.page(DirectoryFixture.bucket, ListQuery(delimiter: "/"))
        #expect(page.objects.map(\.key) == ["a", "a-b", "a0"])
        #expect(page.prefixes == ["a/", "c/"])
        var (found, next): ([String], String?) = ([], nil)
        repeat {
            let page = try await store.page(
                DirectoryFixture.bucket, ListQuery(after: next, limit: 1))
            found += page.objects.map(\.key)
            next = page.next
        } while next != nil
        #expect(found == ["a", "a-b", "a/b", "a0", "c/d", "c/d/e"])
        try await store.delete(fixture.location("c/d/e"))
        let folded = try await store.page(
            DirectoryFixture.bucket, ListQuery(prefix: "c", delimiter: "/"))
        #expect(folded.prefixes == ["c/"])
    }

    @Test func anObjectIsReadableWhileAFolderOfItsNameIsMade() async throws {
        let store = store
        let location = fixture.location("a")
        try await fixture.upload("a", Data("whole".utf8))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for _ in 0..<200 {
                    let bytes = try await store.get(location, bytesMax: 9)
                    #expect(bytes == Data("whole".utf8))
                }
            }
            for number in 0..<20 { try await fixture.upload("a/\(number)", Data()) }
            try await group.waitForAll()
        }
    }
}
