import FoundationEssentials
import Storage
import Testing

/// Buckets as a crash leaves them between any two steps, opened again.
@Suite struct DirectoryCrashTests {
    private static let old = Data("old".utf8)
    private static let new = Data("newer".utf8)

    private let fixture: DirectoryFixture
    private var store: DirectoryStore { fixture.store }

    init() async throws { fixture = try await DirectoryFixture() }

    /// Another bucket's files of the same object as it was written later.
    private func later() async throws -> (object: StoredObject, file: String, record: String) {
        try await store.makeBucket("later")
        let upload = try await store.beginUpload(ObjectLocation(bucket: "later", key: "x"))
        try await upload.write(Self.new)
        let object = try await upload.finish(userMetadata: ["is": "new"])
        let root = "\(fixture.root)/buckets/later"
        let record = try #require(
            try FileManager.default.subpathsOfDirectory(atPath: "\(root)/.spotter-metadata")
                .first { $0.hasSuffix(".json") })
        return (object, "\(root)/x", record)
    }

    private func keepRecord(_ record: String) throws {
        let target = "\(fixture.path)/.spotter-metadata/\(record)"
        if let slash = target.lastIndex(of: "/") {
            try FileManager.default.createDirectory(
                atPath: String(target[..<slash]), withIntermediateDirectories: true)
        }
        try FileManager.default.copyItem(
            atPath: "\(fixture.root)/buckets/later/.spotter-metadata/\(record)", toPath: target)
    }

    @Test func beforeTheRenameTheOldObjectIsThere() async throws {
        let old = try await fixture.upload("x", Self.old, metadata: ["is": "old"])
        let later = try await later()
        try FileManager.default.createDirectory(
            atPath: "\(fixture.path)/.spotter-temporary", withIntermediateDirectories: true)
        let unfinished = "\(fixture.path)/.spotter-temporary/0123"
        try FileManager.default.moveItem(atPath: later.file, toPath: unfinished)
        try keepRecord(later.record)
        let reopened = try fixture.reopened()
        #expect(!FileManager.default.fileExists(atPath: unfinished))
        #expect(try await reopened.object(fixture.location("x")) == old)
        #expect(try await fixture.bytes("x") == Self.old)
        // The record that belongs to nothing goes with the next write.
        #expect(fixture.files(".spotter-metadata").count == 2)
        let next = try await fixture.upload("x", Self.old, metadata: ["is": "next"])
        #expect(fixture.files(".spotter-metadata").count == 1)
        #expect(try await reopened.object(fixture.location("x")) == next)
    }

    @Test func afterTheRenameTheNewObjectIsThereWithItsAttributes() async throws {
        try await fixture.upload("x", Self.old, metadata: ["is": "old"])
        let later = try await later()
        try keepRecord(later.record)
        try FileManager.default.removeItem(atPath: "\(fixture.path)/x")
        try FileManager.default.moveItem(atPath: later.file, toPath: "\(fixture.path)/x")
        #expect(fixture.files(".spotter-metadata").count == 2)
        let reopened = try fixture.reopened()
        #expect(try await reopened.object(fixture.location("x")) == later.object)
        #expect(try await fixture.bytes("x") == Self.new)
        try await reopened.delete(fixture.location("x"))
        #expect(fixture.files(".spotter-metadata").isEmpty)
    }

    /// A record is on the disk before its object appears, so half of one is damage.
    @Test func aRecordThatWasNotWrittenToItsEndIsDamage() async throws {
        try await fixture.upload("x.png", Self.old, metadata: ["is": "old"])
        let record = try #require(fixture.files(".spotter-metadata").first)
        try Data("{\"key\":".utf8).write(to: URL(filePath: record))
        await expectError(.damaged) { _ = try await store.object(fixture.location("x.png")) }
    }

    @Test func whatIsStillWrittenIsNotTakenForACrashs() async throws {
        // As when a command opens the buckets beside the server.
        let upload = try await store.beginUpload(fixture.location("x"))
        try await upload.write(Self.new)
        _ = try fixture.reopened()
        _ = try await upload.finish()
        #expect(try await fixture.bytes("x") == Self.new)
    }

    @Test func partsSurviveARestartAndHalvesOfThemDoNotCount() async throws {
        let location = fixture.location("x")
        let id = try await store.createMultipartUpload(location, MultipartDraft())
        let begun = try await store.beginPart(location, uploadID: id, number: 1)
        try await begun.write(Self.new)
        let part = try await begun.finish()
        let folder = "\(fixture.path)/.spotter-uploads/\(id)"
        // Bytes whose record was not written, and a record that did not get its name.
        try Self.old.write(to: URL(filePath: "\(folder)/1-abc.part"))
        try Self.old.write(to: URL(filePath: "\(folder)/2-abc.part"))
        try Self.old.write(to: URL(filePath: "\(folder)/abc.new"))
        let reopened = try fixture.reopened()
        let parts = try await reopened.parts(location, uploadID: id)
        #expect(parts.map(\.number) == [1])
        #expect(parts.map(\.etag) == [part.attributes.etag])
        _ = try await reopened.completeMultipartUpload(
            location, uploadID: id,
            parts: [PartReference(number: 1, etag: part.attributes.etag)])
        #expect(try await fixture.bytes("x") == Self.new)
        #expect(fixture.files(".spotter-uploads").isEmpty)
    }

    @Test func aCompletionThatWasCutOffMayBeMadeAgain() async throws {
        let location = fixture.location("x")
        let old = try await fixture.upload("x", Self.old)
        let id = try await store.createMultipartUpload(location, MultipartDraft())
        let begun = try await store.beginPart(location, uploadID: id, number: 1)
        try await begun.write(Self.new)
        let reference = PartReference(
            number: 1, etag: try await begun.finish().attributes.etag)
        let folder = "\(fixture.path)/.spotter-uploads/\(id)"
        let copy = "\(fixture.root)/copy"
        try FileManager.default.copyItem(atPath: folder, toPath: copy)
        // Cut off while the parts were joined:
        try FileManager.default.createDirectory(
            atPath: "\(fixture.path)/.spotter-temporary", withIntermediateDirectories: true)
        try Self.new.prefix(2).write(to: URL(filePath: "\(fixture.path)/.spotter-temporary/ab"))
        #expect(try await fixture.reopened().object(location) == old)
        #expect(fixture.files(".spotter-temporary").isEmpty)
        let first = try await store.completeMultipartUpload(
            location, uploadID: id, parts: [reference])
        // Cut off when the object was there and its parts were not removed yet:
        try FileManager.default.moveItem(atPath: copy, toPath: folder)
        let second = try await fixture.reopened().completeMultipartUpload(
            location, uploadID: id, parts: [reference])
        #expect(first.attributes == second.attributes)
        #expect(try await fixture.bytes("x") == Self.new)
        #expect(fixture.files(".spotter-uploads").isEmpty)
        // Cut off while the parts were removed:
        try FileManager.default.createDirectory(
            atPath: "\(fixture.path)/.spotter-temporary/cd", withIntermediateDirectories: true)
        try Self.new.write(to: URL(filePath: "\(fixture.path)/.spotter-temporary/cd/1.part"))
        #expect(try await fixture.reopened().object(location) == second)
        #expect(fixture.files(".spotter-temporary").isEmpty)
    }
}
