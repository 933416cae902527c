import FoundationEssentials
import Glibc
import Storage
import Testing

/// Links that people or other programs put into a bucket's folder, in each place that there is.
@Suite struct DirectoryLinkTests {
    private static let secret = Data("the root key".utf8)
    private static let own = Data("own".utf8)

    private let fixture: DirectoryFixture
    private var store: DirectoryStore { fixture.store }
    /// Beside the buckets, with a file and an empty folder.
    private var outside: String { "\(fixture.root)/outside" }
    private var key: ObjectLocation { fixture.location("day/file") }

    init() async throws {
        fixture = try await DirectoryFixture()
        try FileManager.default.createDirectory(
            atPath: "\(outside)/empty", withIntermediateDirectories: true)
        try Self.secret.write(to: URL(filePath: "\(outside)/file"))
    }

    /// Puts a link into the bucket, in place of what is there.
    private func link(_ place: String, to target: String) throws {
        let path = "\(fixture.path)/\(place)"
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    }

    private func expectOutsideUntouched(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let names = try FileManager.default.subpathsOfDirectory(atPath: outside).sorted()
        #expect(names == ["empty", "file"], sourceLocation: sourceLocation)
        let bytes = FileManager.default.contents(atPath: "\(outside)/file")
        #expect(bytes == Self.secret, sourceLocation: sourceLocation)
    }

    private func begin(_ bytes: Data) async throws -> (id: String, part: PartReference) {
        let id = try await store.createMultipartUpload(key, MultipartDraft())
        let upload = try await store.beginPart(key, uploadID: id, number: 1)
        try await upload.write(bytes)
        return (id, PartReference(number: 1, etag: try await upload.finish().attributes.etag))
    }

    // MARK: Keys

    @Test func whatLeadsOutIsNeitherReadNorWrittenNorRemoved() async throws {
        try link("day", to: outside)
        try link("file", to: "\(outside)/file")
        try link("up", to: "..")
        for name in ["day/file", "file", "up/../outside/file", "up/outside/file"] {
            let location = fixture.location(name)
            await expectError(.invalidName) { _ = try await store.get(location, bytesMax: 100) }
            await expectError(.invalidName) { _ = try await store.open(location) }
            await expectError(.invalidName) { _ = try await store.object(location) }
            await expectError(.invalidName) { try await store.delete(location) }
        }
        for name in ["day/file", "day/new", "day/empty/new", "up/new"] {
            await expectError(.invalidName) { try await fixture.upload(name, Self.own) }
            await expectError(.invalidName) {
                _ = try await store.createMultipartUpload(
                    fixture.location(name), MultipartDraft())
            }
        }
        let page = try await store.page(DirectoryFixture.bucket, ListQuery())
        #expect(page == ListPage())
        let below = try await store.page(DirectoryFixture.bucket, ListQuery(prefix: "day/"))
        #expect(below == ListPage())
        #expect(fixture.files(".spotter-temporary").isEmpty)
        #expect(fixture.files(".spotter-metadata").isEmpty)
        try expectOutsideUntouched()
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.root)/buckets/new"))
    }

    @Test func aWriteTakesThePlaceOfALinkAndNotOfItsFile() async throws {
        try link("file", to: "\(outside)/file")
        try link("nowhere", to: "\(outside)/nothing")
        for name in ["file", "nowhere"] {
            try await fixture.upload(name, Self.own)
            #expect(try await fixture.bytes(name) == Self.own)
        }
        try expectOutsideUntouched()
    }

    @Test func aLinkToNothingIsNoObjectAndCanBeRemoved() async throws {
        try link("nowhere", to: "\(outside)/nothing")
        let location = fixture.location("nowhere")
        await expectError(.noSuchObject) { _ = try await store.open(location) }
        #expect(try await store.object(location) == nil)
        #expect(try await store.page(DirectoryFixture.bucket, ListQuery()) == ListPage())
        try await store.delete(location)
        #expect(FileManager.default.subpaths(below: fixture.path) == [".spotter-bucket"])
        try expectOutsideUntouched()
    }

    @Test func linksInsideTheBucketLeadToItsObjects() async throws {
        let object = try await fixture.upload("in/side/file", Self.own, metadata: ["is": "own"])
        try link("relative", to: "in/side/file")
        try link("absolute", to: "\(fixture.path)/in/side/file")
        try link("chain", to: "relative")
        try link("folder", to: "in/side")
        try link("itself", to: ".")
        let names = [
            "relative", "absolute", "chain", "folder/file", "itself/in/side/file",
            "itself/itself/folder/file",
        ]
        for name in names {
            #expect(try await fixture.bytes(name) == Self.own)
            #expect(try await store.object(fixture.location(name))?.size == object.size)
        }
        let page = try await store.page(DirectoryFixture.bucket, ListQuery())
        #expect(page.objects.map(\.key) == ["absolute", "chain", "in/side/file", "relative"])
        try await fixture.upload("folder/deeper/new", Self.own)
        #expect(try await fixture.bytes("in/side/deeper/new") == Self.own)
        try await store.delete(fixture.location("folder/deeper/new"))
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.path)/in/side/deeper"))
        try await store.delete(fixture.location("relative"))
        #expect(try await fixture.bytes("in/side/file") == Self.own)
    }

    // MARK: What is ours

    @Test func nothingIsWrittenThroughALinkForTemporaryFiles() async throws {
        let (id, part) = try await begin(Self.own)
        try link(".spotter-temporary", to: outside)
        await expectError(.invalidName) { _ = try await store.beginUpload(key) }
        await expectError(.invalidName) { try await store.put(.bytes(Self.own), at: key) }
        await expectError(.invalidName) {
            _ = try await store.createMultipartUpload(key, MultipartDraft())
        }
        await expectError(.invalidName) {
            _ = try await store.beginPart(key, uploadID: id, number: 2)
        }
        await expectError(.invalidName) {
            _ = try await store.completeMultipartUpload(key, uploadID: id, parts: [part])
        }
        _ = try fixture.reopened()
        try expectOutsideUntouched()
        try FileManager.default.removeItem(atPath: "\(fixture.path)/.spotter-temporary")
        _ = try await store.completeMultipartUpload(key, uploadID: id, parts: [part])
        #expect(try await fixture.bytes("day/file") == Self.own)
    }

    @Test func whatIsSweptAtTheStartIsNeverBehindALink() async throws {
        try fixture.place(".spotter-temporary/folder/file", Self.own)
        try link(".spotter-temporary/file", to: "\(outside)/file")
        try link(".spotter-temporary/out", to: outside)
        try link(".spotter-temporary/folder/out", to: outside)
        _ = try fixture.reopened()
        #expect(FileManager.default.subpaths(below: fixture.path) == [".spotter-bucket"])
        try expectOutsideUntouched()
    }

    @Test(arguments: [".spotter-metadata", ".spotter-metadata/??"])
    func attributesAreNotThoseBehindALink(place: String) async throws {
        try await fixture.upload("day/file", Self.own, metadata: ["is": "own"])
        let record = try #require(fixture.files(".spotter-metadata").first)
        let folder = record.split(separator: "/").dropLast().last.map(String.init) ?? ""
        let copy = "\(fixture.root)/copy"
        let linked = place.replacing("??", with: folder)
        try FileManager.default.copyItem(atPath: "\(fixture.path)/\(linked)", toPath: copy)
        let before = FileManager.default.subpaths(below: copy)
        try link(linked, to: copy)
        await expectError(.invalidName) { _ = try await store.open(key) }
        await expectError(.invalidName) { _ = try await store.object(key) }
        await expectError(.invalidName) {
            _ = try await store.page(DirectoryFixture.bucket, ListQuery())
        }
        await expectError(.invalidName) { try await fixture.upload("day/file", Self.own) }
        try await store.delete(key)
        #expect(FileManager.default.subpaths(below: copy) == before)
        #expect(fixture.files(".spotter-temporary").isEmpty)
    }

    @Test func aRecordBehindALinkIsNotRead() async throws {
        try await fixture.upload("day/file", Self.own, metadata: ["is": "own"])
        let record = try #require(fixture.files(".spotter-metadata").first)
        try FileManager.default.moveItem(atPath: record, toPath: "\(outside)/record")
        try FileManager.default.createSymbolicLink(
            atPath: record, withDestinationPath: "\(outside)/record")
        await expectError(.invalidName) { _ = try await store.object(key) }
        try await store.delete(key)
        #expect(fixture.files(".spotter-metadata").isEmpty)
        #expect(FileManager.default.fileExists(atPath: "\(outside)/record"))
    }

    @Test func uploadsBehindALinkAreNotUploads() async throws {
        let (id, part) = try await begin(Self.own)
        let copy = "\(fixture.root)/copy"
        try FileManager.default.copyItem(
            atPath: "\(fixture.path)/.spotter-uploads", toPath: copy)
        let before = FileManager.default.subpaths(below: copy)
        for (place, target, code) in [
            (".spotter-uploads/\(id)", "\(copy)/\(id)", StorageError.Code.noSuchUpload),
            (".spotter-uploads", copy, .invalidName),
        ] {
            try link(place, to: target)
            await expectError(code) { _ = try await store.parts(key, uploadID: id) }
            await expectError(code) {
                _ = try await store.beginPart(key, uploadID: id, number: 2)
            }
            await expectError(code) {
                _ = try await store.completeMultipartUpload(key, uploadID: id, parts: [part])
            }
            await expectError(code) { try await store.abortMultipartUpload(key, uploadID: id) }
            #expect(FileManager.default.subpaths(below: copy) == before)
        }
        await expectError(.invalidName) {
            _ = try await store.multipartUploads(DirectoryFixture.bucket)
        }
        try await store.deleteBucket(DirectoryFixture.bucket)
        #expect(FileManager.default.subpaths(below: copy) == before)
    }

    private struct PartRecord: Codable {
        var file: String
        let size: Int
        let modifiedNanoseconds: Int
        let etag: String
        let checksums: [String: String]
    }

    @Test(arguments: [
        "../../../outside/file", "../../day/kept", "/etc/hostname", "..", ".", "", "upload.json",
        "x\u{0}.part", "../1.part",
    ])
    func aPartIsNeverAFileElsewhere(file: String) async throws {
        try await fixture.upload("day/kept", Self.own)
        let (id, part) = try await begin(Self.own)
        let record = "\(fixture.path)/.spotter-uploads/\(id)/1.json"
        var written = try JSONDecoder().decode(
            PartRecord.self, from: try Data(contentsOf: URL(filePath: record)))
        written.file = file
        try JSONEncoder().encode(written).write(to: URL(filePath: record))
        await expectError(.invalidPart) {
            _ = try await store.completeMultipartUpload(key, uploadID: id, parts: [part])
        }
        // The part that takes its place removes the file that the record names.
        let again = try await store.beginPart(key, uploadID: id, number: 1)
        try await again.write(Self.own)
        _ = try await again.finish()
        #expect(try await fixture.bytes("day/kept") == Self.own)
        try expectOutsideUntouched()
        _ = try await store.completeMultipartUpload(key, uploadID: id, parts: [part])
        #expect(try await fixture.bytes("day/file") == Self.own)
    }

    @Test func aPartThatIsALinkIsNotJoined() async throws {
        let (id, part) = try await begin(Self.secret)
        let bytes = try #require(fixture.files(".spotter-uploads").first { $0.hasSuffix(".part") })
        let name = String(bytes.dropFirst(fixture.path.count + 1))
        try link(name, to: "\(outside)/file")
        await expectError(.invalidName) {
            _ = try await store.completeMultipartUpload(key, uploadID: id, parts: [part])
        }
        #expect(try await store.object(key) == nil)
        #expect(fixture.files(".spotter-temporary").isEmpty)
    }

    @Test func settingsBehindALinkAreNeitherReadNorWritten() async throws {
        let bucket = DirectoryFixture.bucket
        try link(".spotter-settings", to: "\(outside)/file")
        await expectError(.invalidName) { _ = try await store.settings(bucket) }
        try await store.changeSettings(of: bucket) { _ in Self.own }
        #expect(try await store.settings(bucket) == Self.own)
        try link(".spotter-settings", to: "\(outside)/file")
        try await store.changeSettings(of: bucket) { _ in nil }
        #expect(try await store.settings(bucket) == nil)
        try expectOutsideUntouched()
    }

    @Test func aBucketThatGoesTakesNothingOutsideWithIt() async throws {
        for name in [".spotter-metadata", ".spotter-temporary", ".spotter-bucket"] {
            try link(name, to: outside)
        }
        try link(".spotter-settings", to: "\(outside)/file")
        try fixture.place(".spotter-uploads/x/y", Self.own)
        try link(".spotter-uploads/x/out", to: outside)
        #expect(try await store.buckets().map(\.name) == [DirectoryFixture.bucket])
        try await store.deleteBucket(DirectoryFixture.bucket)
        #expect(!FileManager.default.fileExists(atPath: fixture.path))
        try expectOutsideUntouched()
    }
}

extension FileManager {
    /// Paths of all that is below a folder, sorted; links are not followed.
    fileprivate func subpaths(below folder: String) -> [String] {
        ((try? subpathsOfDirectory(atPath: folder)) ?? []).sorted()
    }
}
