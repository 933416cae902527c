import FoundationEssentials
import Storage
import TestSupport
import Testing
import Vision
import Wire

@testable import Service

/// Datasets made from manifests whose pictures are real files.
@Suite struct DatasetPictureTests {
    private static let side = 64
    private static let dent = ##""0":{"class-name":"dent","hex-color":"#c80a14"}"##

    private let service: TestService

    init() throws { service = try TestService(training: InstantTraining()) }

    private func put(_ key: String, _ bytes: Data) async throws {
        try await service.objects.put(
            .bytes(bytes), at: ObjectLocation(bucket: "bucket", key: key))
    }

    private func picture(width: Int = side) throws -> Data {
        try PNG.encode(RGBImage(width: width, height: Self.side, color: RGB(9, 9, 9)))
    }

    private func mask(_ color: [UInt8]) -> Data {
        RawPNG.rgba(side: Self.side) { x, y in x < 8 && y < 8 ? color : [0, 0, 0, 0] }
    }

    private func line(_ key: String, label: String? = "normal", mask: String? = nil) -> String {
        var members = [#""source-ref":"s3://bucket/\#(key)""#]
        if let label {
            members.append(
                #""l":\#(label == "normal" || label == "good" ? 0 : 1),"l-metadata":{"class-name":""#
                    + #"\#(label)","type":"groundtruth/image-classification"}"#)
        }
        if let mask {
            members.append(
                #""m-ref":"s3://bucket/\#(mask)","m-ref-metadata":{"internal-color-map":{"#
                    + Self.dent + #"},"type":"groundtruth/semantic-segmentation"}"#)
        }
        return "{\(members.joined(separator: ","))}"
    }

    /// Makes a dataset from lines and has its manifest read.
    private func dataset(_ lines: [String]) async throws -> DatasetRecord {
        try await put("manifest", Data(lines.joined(separator: "\n").utf8))
        let manifest = ObjectLocation(bucket: "bucket", key: "manifest")
        let now = service.context.now()
        try await service.context.metadata.write { transaction in
            try transaction.save(ProjectRecord(name: "p", created: now))
            try transaction.save(
                DatasetRecord(project: "p", type: .train, created: now, status: .createInProgress))
            try transaction.save(
                try JobSubject.readManifest(project: "p", type: .train, manifest: manifest)
                    .record(created: now))
        }
        return try await worked()
    }

    private func worked() async throws -> DatasetRecord {
        let worker = Worker(context: service.context, id: UUID())
        for lane in WorkerLane.standard { _ = try await worker.workOnce(on: lane) }
        let record = try await service.context.metadata.read { try $0.dataset("p", .train) }
        return try #require(record)
    }

    private func prepare() async throws {
        try await service.objects.createBucket("bucket")
        for key in ["1.png", "2.png", "3.png"] { try await put(key, try picture()) }
    }

    @Test func everyBadLineAndPictureIsNamedAtOnce() async throws {
        try await prepare()
        let good = try picture()
        var flipped = good
        flipped[flipped.count / 2] ^= 1
        for (key, bytes) in [
            ("text", Data("GIF89a".utf8)), ("cut.png", good.dropLast(12)), ("flipped.png", flipped),
            ("small.png", try picture(width: 40)), ("empty", Data()),
            ("mark.png", mask([200, 10, 20, 255])), ("other.png", mask([1, 2, 3, 255])),
            ("wide.png", try picture(width: 99)),
        ] { try await put(key, bytes) }
        let faulty = [
            ("{}", "source-ref"), (line("1.png", label: "2"), "'2'"), (line("text"), "neither PNG"),
            (line("cut.png"), "no end"), (line("flipped.png"), "checksum"),
            (line("small.png"), "40×64"), (line("empty"), "no bytes"),
            (line("1.png", label: "anomaly", mask: "other.png"), "#010203"),
            (line("1.png", label: "anomaly", mask: "wide.png"), "99×64"),
            (line("1.png", label: "normal", mask: "mark.png"), "labelled normal"),
            (line("1.png", label: "anomaly", mask: "text"), "not a PNG"),
        ]
        let lines = [line("2.png")] + faulty.map(\.0)
        let record = try await dataset(lines.map { $0.replacing(#""l":1"#, with: #""l":"x""#) })
        #expect(record.status == .createFailed)
        let said = (record.statusMessage ?? "").split(separator: "\n")
        #expect(said.first?.contains("\(faulty.count) faults") == true)
        for (index, (_, words)) in faulty.enumerated() {
            #expect(
                said.contains {
                    $0.hasPrefix("Line \(index + 2) of s3://bucket/manifest") && $0.contains(words)
                }, "\(words): \(said)")
        }
        let entries = try await service.context.metadata.read {
            try $0.entries(project: "p", type: .train, offset: 0, limit: .max)
        }
        #expect(entries.isEmpty)
    }

    @Test func aHundredFaultsAreNamedAndTheRestIsCounted() async throws {
        try await prepare()
        let record = try await dataset(Array(repeating: "{}", count: 1130))
        let said = (record.statusMessage ?? "").split(separator: "\n")
        #expect(record.status == .createFailed && said.count == 102)
        #expect(said[0].contains("1130 faults") && said[101] == "… and 1030 more.")
        #expect(said[100].hasPrefix("Line 100 of"))
    }

    @Test func picturesThatAreMissingAreNamedAndMayComeLater() async throws {
        try await prepare()
        let record = try await dataset([
            line("1.png"), line("gone.png"), line("2.png", label: "anomaly", mask: "gone-mask.png"),
            // No bucket has such a name.
            line("x").replacing("s3://bucket", with: "s3://b"),
        ])
        #expect(record.status == .createComplete && record.stats.labeled == 4)
        let said = record.statusMessage ?? ""
        #expect(
            said.contains("s3://bucket/gone.png, s3://bucket/gone-mask.png, s3://b/x"), "\(said)")
    }

    @Test func theLastLineOfAnImageCountsAndIsNamed() async throws {
        try await prepare()
        let record = try await dataset([
            line("1.png"), line("2.png"), line("1.png", label: "anomaly"), line("1.png"),
        ])
        #expect(record.stats == ImageStats(total: 2, labeled: 2, normal: 2, anomaly: 0))
        let said = record.statusMessage ?? ""
        #expect(said.contains("the last line counts"), "\(said)")
        #expect(
            said.contains(
                "s3://bucket/1.png (line 3 in place of line 1), "
                    + "s3://bucket/1.png (line 4 in place of line 3), 2 in all"), "\(said)")
    }

    @Test func attributesAndWordsThatWereReadAreNamed() async throws {
        try await prepare()
        try await put("mark.png", mask([200, 10, 20, 255]))
        let record = try await dataset([
            line("1.png", label: "good"), line("2.png", label: nil),
            line("3.png", label: "anomaly", mask: "mark.png"),
        ])
        #expect(record.stats == ImageStats(total: 3, labeled: 2, normal: 1, anomaly: 1))
        let said = record.statusMessage ?? ""
        for words in [
            "Labels are from l.", "Masks are from m-ref.", "'good' as normal",
            "1 image without a label",
        ] {
            #expect(said.contains(words), "\(said)")
        }
    }

    @Test func aMaskWithoutALabelSaysWhetherTheImageIsAnomalous() async throws {
        try await prepare()
        try await put("mark.png", mask([200, 10, 20, 90]))
        try await put("clear.png", mask([0, 0, 0, 0]))
        try await put("zeros.png", RawPNG.rgba(side: Self.side) { _, _ in [0, 0, 0, 255] })
        let record = try await dataset([
            line("1.png", label: nil, mask: "mark.png"),
            line("2.png", label: nil, mask: "clear.png"),
            line("3.png", label: nil, mask: "zeros.png"),
        ])
        #expect(record.stats == ImageStats(total: 3, labeled: 3, normal: 2, anomaly: 1))
        let said = record.statusMessage ?? ""
        #expect(said.contains("1 image without a label became anomalies"), "\(said)")
        let entries = try await service.context.metadata.read {
            try $0.entries(project: "p", type: .train, offset: 0, limit: .max)
        }
        let images = try entries.compactMap { try LabelledImage($0) }
        #expect(images.map(\.isAnomalous) == [true, false, false])
    }

    @Test func imagesOfSeveralSizesAreNamed() async throws {
        try await prepare()
        try await put("wide.png", try picture(width: 99))
        let record = try await dataset(["1.png", "2.png", "wide.png"].map { line($0) })
        #expect(record.status == .createComplete)
        let said = record.statusMessage ?? ""
        #expect(said.contains("64×64 (2, like s3://bucket/1.png), 99×64 (1, like"), "\(said)")
    }

    @Test func anUpdateWithFaultsNamesAllAndChangesNothing() async throws {
        try await prepare()
        _ = try await dataset([line("1.png")])
        try await put("text", Data("GIF89a".utf8))
        let changes = [line("2.png"), "{}", line("text")].joined(separator: "\n")
        let now = service.context.now()
        try await service.context.metadata.write { transaction in
            try transaction.saveChange(Data(changes.utf8), project: "p", type: .train)
            try transaction.save(
                try JobSubject.updateEntries(project: "p", type: .train).record(created: now))
        }
        let record = try await worked()
        #expect(record.status == .updateFailedRollbackComplete && record.stats.total == 1)
        let said = record.statusMessage ?? ""
        #expect(said.contains("Line 2 of Changes") && said.contains("Line 3 of Changes"), "\(said)")
    }
}
