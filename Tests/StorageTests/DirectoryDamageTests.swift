import Base
import FoundationEssentials
import SystemPackage
import Testing

@testable import Storage

/// Bits flip on the disk behind the store's back, without a change of a file's time or size.
@Suite struct DirectoryDamageTests {
    private static let block = 256 << 10

    private let fixture: DirectoryFixture
    private var store: DirectoryStore { fixture.store }

    init() async throws { fixture = try await DirectoryFixture() }

    /// Changes one bit of a file and gives it back its time.
    private func flip(_ path: String, at offset: Int) throws {
        let file = try OpenFile.opening(path, .readWrite, [])
        let time = try #require(file.status).modifiedNanoseconds
        var byte = try file.bytes(at: offset, count: 1)
        byte[0] ^= 4
        _ = try byte.withUnsafeBytes {
            try file.descriptor.write(toAbsoluteOffset: Int64(offset), $0)
        }
        try file.setModified(nanoseconds: time)
    }

    private func content(_ count: Int) -> Data {
        Data((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
    }

    @Test(arguments: [0, 1, 255 << 10, 256 << 10, (256 << 10) + 1, 700_000])
    func aFlippedBitIsFoundInWhateverIsReadOfItsBlock(offset: Int) async throws {
        let bytes = content(900_001)
        try await fixture.upload("k", bytes)
        #expect(try await fixture.bytes("k") == bytes)
        try flip("\(fixture.path)/k", at: offset)
        await expectError(.damaged) { _ = try await fixture.bytes("k") }
        await expectError(.damaged) {
            try await store.read(fixture.location("k"), bytesMax: .max) { _ in }
        }
        await expectError(.damaged) { _ = try await store.verify(fixture.location("k")) }
        // Of the other blocks what is asked for.
        let reader = try await store.open(fixture.location("k"))
        for start in stride(from: 0, to: bytes.count, by: 100_000) {
            let count = min(1_000, bytes.count - start)
            if start / Self.block == offset / Self.block
                || (start + count - 1) / Self.block == offset / Self.block
            {
                await expectError(.damaged) {
                    _ = try await reader.read(offset: start, count: count)
                }
            } else {
                #expect(
                    try await reader.read(offset: start, count: count)
                        == bytes[start..<start + count])
            }
        }
    }

    @Test func blocksOfLargeObjectsAreLargerAndCheckedAsWell() async throws {
        // More than 1,024 blocks of 256 KiB.
        let piece = content(8 << 20)
        let upload = try await store.beginUpload(fixture.location("large"))
        for _ in 0..<33 { try await upload.write(piece) }
        _ = try await upload.finish()
        #expect(try await store.verify(fixture.location("large")))
        let reader = try await store.open(fixture.location("large"))
        #expect(try await reader.read(offset: 777, count: 3) == piece[777..<780])
        try flip("\(fixture.path)/large", at: 20 << 20)
        let fresh = try await store.open(fixture.location("large"))
        await expectError(.damaged) { _ = try await fresh.read(offset: 20 << 20, count: 1) }
        #expect(try await fresh.read(offset: 30 << 20, count: 1).count == 1)
    }

    @Test func aPartThatWasDamagedIsNotJoined() async throws {
        let location = fixture.location("joined")
        let id = try await store.createMultipartUpload(location, MultipartDraft())
        let part = try await store.beginPart(location, uploadID: id, number: 1)
        try await part.write(content(300_000))
        let made = try await part.finish()
        let file = try #require(
            fixture.files(".spotter-uploads").first { $0.hasSuffix(".part") })
        try flip(file, at: 299_999)
        await expectError(.damaged) {
            _ = try await store.completeMultipartUpload(
                location, uploadID: id,
                parts: [PartReference(number: 1, etag: made.attributes.etag)])
        }
        #expect(try await store.object(location) == nil)
    }

    @Test func nothingIsKnownOfWhatWasPutThereByHand() async throws {
        try fixture.place("hand.txt", Data("by hand".utf8))
        #expect(try await !store.verify(fixture.location("hand.txt")))
        #expect(try await fixture.bytes("hand.txt") == Data("by hand".utf8))
    }

    /// Every bit of a record counts: what does not decode, and what decodes as something else.
    @Test func aDamagedRecordIsAnErrorThatNamesItsObject() async throws {
        try await fixture.upload("folder/k", content(3_000))
        try await fixture.upload("other", content(10))
        let folder = "\(fixture.path)/.spotter-metadata"
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
        let path = try #require(
            names.map { "\(folder)/\($0)" }.first {
                (try? String(contentsOfFile: $0, encoding: .utf8))?.contains("folder/k") ?? false
            })
        let whole = try Data(contentsOf: URL(filePath: path))
        var (errors, kept) = (0, 0)
        for offset in stride(from: 0, to: whole.count, by: 3) {
            try flip(path, at: offset)
            do {
                let object = try await store.object(fixture.location("folder/k"))
                // Only where the checksum has lost its name nothing is compared.
                #expect(object?.attributes == before(whole))
                kept += 1
            } catch let error as StorageError {
                #expect(error.code == .damaged && error.message.contains("folder/k"))
                errors += 1
            }
            try whole.write(to: URL(filePath: path))
        }
        #expect(errors > kept * 10, "\(errors) of \(errors + kept)")
        try Data().write(to: URL(filePath: path))
        await expectError(.damaged) { _ = try await fixture.bytes("folder/k") }
        await expectError(.damaged) { _ = try await store.verify(fixture.location("folder/k")) }
        // Lists go on, and the object can be put again and deleted.
        let page = try await store.page(DirectoryFixture.bucket, ListQuery(limit: 10))
        #expect(page.objects.map(\.key) == ["folder/k", "other"])
        try await fixture.upload("folder/k", content(7))
        #expect(try await fixture.bytes("folder/k") == content(7))
    }

    private func before(_ record: Data) -> ObjectAttributes? {
        AttributeRecord(reading: record)?.attributes
    }

    /// Records of before have no checksum.
    @Test func aRecordWithoutAChecksumIsRead() {
        let old = Data(
            (#"{"attributes":{"checksums":{},"etag":"e","headers":{},"userMetadata":{}},"#
                + #""key":"k"}"#).utf8)
        #expect(AttributeRecord(reading: old)?.attributes.etag == "e")
    }
}
