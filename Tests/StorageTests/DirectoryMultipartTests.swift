import FoundationEssentials
import Storage
import Synchronization
import Testing

@Suite struct DirectoryMultipartTests {
    private struct Refused: Error {}

    private let fixture: DirectoryFixture
    private var store: DirectoryStore { fixture.store }
    private let location = ObjectLocation(bucket: DirectoryFixture.bucket, key: "big/file")
    /// The smallest that need not be the last.
    private static let first = Data(repeating: 1, count: DirectoryLimits.partBytesMin)
    private static let second = Data("the end".utf8)

    init() async throws { fixture = try await DirectoryFixture() }

    @discardableResult
    private func part(
        _ uploadID: String, _ number: Int, _ bytes: Data, checksums: [String: String] = [:]
    ) async throws -> PartReference {
        let upload = try await store.beginPart(location, uploadID: uploadID, number: number)
        try await upload.write(bytes)
        let part = try await upload.finish(checksums: checksums)
        return PartReference(number: number, etag: part.attributes.etag)
    }

    private func begin(_ draft: MultipartDraft = MultipartDraft()) async throws -> String {
        try await store.createMultipartUpload(location, draft)
    }

    @Test func partsBecomeAnObject() async throws {
        let draft = MultipartDraft(
            headers: ["content-type": "image/png"], userMetadata: ["line": "7"],
            checksumAlgorithm: "CRC32", checksumType: "COMPOSITE")
        let id = try await begin(draft)
        #expect(try await store.multipartUpload(location, uploadID: id) == draft)
        let second = try await part(id, 7, Self.second, checksums: ["crc32": "BBBBBB=="])
        let first = try await part(id, 2, Self.first, checksums: ["crc32": "AAAAAA=="])
        #expect(try await store.object(location) == nil)
        #expect(try await store.page(DirectoryFixture.bucket, ListQuery()).objects.isEmpty)
        let seen = Mutex(Data())
        let made = try await store.completeMultipartUpload(
            location, uploadID: id, parts: [first, second],
            onBytes: { bytes in seen.withLock { $0 += bytes } },
            checksums: { parts in
                #expect(parts.map(\.number) == [2, 7])
                #expect(parts.map(\.size) == [Self.first.count, Self.second.count])
                #expect(parts.map(\.checksums) == [["crc32": "AAAAAA=="], ["crc32": "BBBBBB=="]])
                #expect(seen.withLock { $0.count } == Self.first.count + Self.second.count)
                return ObjectChecksums(values: ["crc32": "CCCCCC==-2"], type: "COMPOSITE")
            })
        #expect(seen.withLock { $0 } == Self.first + Self.second)
        #expect(made.attributes.headers == draft.headers)
        #expect(made.attributes.userMetadata == draft.userMetadata)
        #expect(made.attributes.checksums == ["crc32": "CCCCCC==-2"])
        #expect(made.attributes.checksumType == "COMPOSITE")
        // md5(md5(first) + md5(second)), computed elsewhere.
        #expect(made.attributes.etag == "f9e2693f803bfc17746a14ed6edff4ee-2")
        #expect(try await store.object(location) == made)
        #expect(try await fixture.bytes("big/file") == Self.first + Self.second)
        #expect(fixture.files(".spotter-uploads").isEmpty)
        #expect(fixture.files(".spotter-temporary").isEmpty)
        await expectError(.noSuchUpload) {
            _ = try await store.multipartUpload(location, uploadID: id)
        }
    }

    @Test func aPartUploadedAgainTakesTheOldOnesPlace() async throws {
        let id = try await begin()
        let old = try await part(id, 1, Data("old".utf8))
        let new = try await part(id, 1, Data("newer".utf8))
        #expect(try await store.parts(location, uploadID: id).map(\.size) == [5])
        // The upload, the record and the bytes of one part.
        #expect(fixture.files(".spotter-uploads").count == 3)
        await expectError(.invalidPart) {
            _ = try await store.completeMultipartUpload(location, uploadID: id, parts: [old])
        }
        _ = try await store.completeMultipartUpload(location, uploadID: id, parts: [new])
        #expect(try await fixture.bytes("big/file") == Data("newer".utf8))
    }

    @Test func partsAreListedInOrderAndPaged() async throws {
        let id = try await begin()
        for number in [10, 2, 10_000, 1] { try await part(id, number, Data([UInt8(number % 7)])) }
        let all = try await store.parts(location, uploadID: id)
        #expect(all.map(\.number) == [1, 2, 10, 10_000])
        let page = try await store.parts(location, uploadID: id, after: 1, limit: 2)
        #expect(page == Array(all[1...2]))
        for number in [0, -1, 10_001] {
            await expectError(.invalidPart) { try await part(id, number, Data()) }
        }
    }

    @Test func uploadsAreListedByKeyAndThenByTime() async throws {
        var ids: [String] = []
        for key in ["b", "a/x", "b", "c"] {
            ids.append(
                try await store.createMultipartUpload(fixture.location(key), MultipartDraft()))
        }
        let all = try await store.multipartUploads(DirectoryFixture.bucket)
        #expect(all.map(\.uploadID) == [ids[1], ids[0], ids[2], ids[3]])
        #expect(all.map(\.key) == ["a/x", "b", "b", "c"])
        let some = try await store.multipartUploads(DirectoryFixture.bucket, prefix: "b")
        #expect(some.map(\.uploadID) == [ids[0], ids[2]])
        try await store.abortMultipartUpload(fixture.location("b"), uploadID: ids[0])
        let left = try await fixture.reopened().multipartUploads(DirectoryFixture.bucket)
        #expect(left.map(\.uploadID) == [ids[1], ids[2], ids[3]])
    }

    @Test func whatCannotBeJoinedIsRefusedAndTheUploadGoesOn() async throws {
        let id = try await begin()
        let small = try await part(id, 1, Data("small".utf8))
        let end = try await part(id, 2, Self.second)
        let cases: [(StorageError.Code, [PartReference])] = [
            (.invalidPart, []),
            (.invalidPartOrder, [end, small]),
            (.invalidPartOrder, [small, small]),
            (.invalidPart, [small, PartReference(number: 3, etag: end.etag)]),
            (.invalidPart, [PartReference(number: 1, etag: end.etag)]),
            (.invalidPart, [PartReference(number: 0, etag: end.etag)]),
            (.entityTooSmall, [small, end]),
        ]
        for (code, parts) in cases {
            await expectError(code) {
                _ = try await store.completeMultipartUpload(location, uploadID: id, parts: parts)
            }
        }
        await #expect(throws: Refused.self) {
            _ = try await store.completeMultipartUpload(
                location, uploadID: id, parts: [end], checksums: { _ in throw Refused() })
        }
        await #expect(throws: Refused.self) {
            _ = try await store.completeMultipartUpload(
                location, uploadID: id, parts: [end], onBytes: { _ in throw Refused() })
        }
        #expect(try await store.object(location) == nil)
        #expect(fixture.files(".spotter-temporary").isEmpty)
        #expect(fixture.files(".spotter-metadata").isEmpty)
        _ = try await store.completeMultipartUpload(location, uploadID: id, parts: [end])
        #expect(try await fixture.bytes("big/file") == Self.second)
    }

    @Test func anUploadIsItsKeysAndNoPath() async throws {
        let id = try await begin()
        let other = fixture.location("other")
        await expectError(.noSuchUpload) {
            _ = try await store.beginPart(other, uploadID: id, number: 1)
        }
        await expectError(.noSuchUpload) {
            try await store.abortMultipartUpload(other, uploadID: id)
        }
        for bad in ["", "..", "../photos", "\(id)/", id.uppercased(), String(id.dropLast())] {
            await expectError(.noSuchUpload) {
                _ = try await store.parts(location, uploadID: bad)
            }
        }
        #expect(try await store.multipartUploads(DirectoryFixture.bucket).count == 1)
    }

    @Test func aPartOfAnUploadThatWasAbortedIsRefused() async throws {
        let id = try await begin()
        let late = try await store.beginPart(location, uploadID: id, number: 1)
        try await late.write(Data([1]))
        try await store.abortMultipartUpload(location, uploadID: id)
        await expectError(.noSuchUpload) { _ = try await late.finish() }
        #expect(fixture.files(".spotter-uploads").isEmpty)
        #expect(fixture.files(".spotter-temporary").isEmpty)
    }

    @Test func completingAgainGivesTheObjectWhileItIsTheOneAtTheKey() async throws {
        let id = try await begin()
        let only = try await part(id, 1, Self.second)
        let made = try await store.completeMultipartUpload(
            location, uploadID: id, parts: [only], condition: .absent)
        let again = try await fixture.reopened().completeMultipartUpload(
            location, uploadID: id, parts: [only], condition: .absent)
        #expect(again == made)
        try await fixture.upload("big/file", Data([1]))
        await expectError(.noSuchUpload) {
            _ = try await store.completeMultipartUpload(location, uploadID: id, parts: [only])
        }
    }

    @Test func aConditionThatFailsLeavesTheUpload() async throws {
        let id = try await begin()
        let only = try await part(id, 1, Self.second)
        let old = try await fixture.upload("big/file", Data([1]))
        await expectError(.preconditionFailed) {
            _ = try await store.completeMultipartUpload(
                location, uploadID: id, parts: [only], condition: .absent)
        }
        #expect(try await store.object(location) == old)
        _ = try await store.completeMultipartUpload(
            location, uploadID: id, parts: [only], condition: .etag(old.attributes.etag))
        #expect(try await fixture.bytes("big/file") == Self.second)
    }

    @Test func twoWhoCompleteAtOnceGetTheSameObject() async throws {
        let id = try await begin()
        let only = try await part(id, 1, Self.second)
        try await withThrowingTaskGroup(of: StoredObject.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await store.completeMultipartUpload(location, uploadID: id, parts: [only])
                }
            }
            for try await made in group { #expect(made.attributes.etag.hasSuffix("-1")) }
        }
        #expect(try await fixture.bytes("big/file") == Self.second)
        #expect(fixture.files(".spotter-metadata").count == 1)
    }
}
