import FoundationEssentials
import NIOPosix
import Storage
import TestSupport
import Testing
import Vision
import Wire

@testable import Service

/// Trainings on pictures that need care, on a network that is quick.
@Suite struct TrainingPictureTests {
    private static let side = 64

    private let service: TestService

    init() throws { service = try TestService(backbone: FilterBank()) }

    private func put(_ key: String, _ bytes: Data) async throws {
        try await service.objects.put(
            .bytes(bytes), at: ObjectLocation(bucket: "bucket", key: key))
    }

    private static let map =
        ##""0":{"class-name":"dent","hex-color":"#c80a14"},"##
        + ##""1":{"class-name":"hole","hex-color":"#0a14c8"}"##

    private func line(_ key: String, isAnomalous: Bool, mask: String?) -> String {
        let mask = mask.map {
            #","m-ref":"s3://bucket/\#($0)","m-ref-metadata":{"internal-color-map":{"#
                + Self.map + #"},"type":"groundtruth/semantic-segmentation"}"#
        }
        return #"{"source-ref":"s3://bucket/\#(key)","anomaly-label":\#(isAnomalous ? 1 : 0)"#
            + (mask ?? "") + "}"
    }

    /// Two datasets of flat grey 12-bit pictures with some noise; anomalies have a bright square.
    ///
    /// - Parameter mask: the mask of the anomaly of this number.
    private func datasets(mask: (Int) -> Data) async throws {
        try await service.objects.createBucket("bucket")
        let now = service.context.now()
        var random = SeededRandom(seed: 3)
        try await service.context.metadata.write {
            try $0.save(ProjectRecord(name: "p", created: now))
        }
        for type in [DatasetType.train, .test] {
            var entries: [DatasetEntry] = []
            for index in 0..<(type == .train ? 16 : 8) {
                let isAnomalous = index >= (type == .train ? 10 : 6)
                let key = "\(type.rawValue)-\(index)"
                let noise = (0..<Self.side * Self.side).map { _ in
                    UInt16.random(in: 900...960, using: &random)
                }
                let picture = RawPNG.grey16(side: Self.side) { x, y in
                    let isMark = isAnomalous && (20..<36).contains(x) && (24..<40).contains(y)
                    return isMark ? 3000 : noise[y * Self.side + x]
                }
                try await put(key, picture)
                if isAnomalous { try await put("\(key)-mask", mask(index % 10)) }
                let line = line(
                    key, isAnomalous: isAnomalous, mask: isAnomalous ? "\(key)-mask" : nil)
                entries.append(
                    DatasetEntry(
                        sourceRef: "s3://bucket/\(key)", line: line,
                        verdict: isAnomalous ? "anomaly" : "normal", created: now))
            }
            try await service.context.metadata.write { [entries] transaction in
                try transaction.save(
                    DatasetRecord(project: "p", type: type, created: now, status: .createComplete))
                try transaction.addEntries(entries, project: "p", type: type)
            }
        }
    }

    private func mask(_ color: [UInt8]) -> Data {
        RawPNG.rgba(side: Self.side) { x, y in
            (20..<36).contains(x) && (24..<40).contains(y) ? color : [0, 0, 0, 0]
        }
    }

    /// Trains version 1 by a worker.
    private func trained() async throws -> ModelRecord {
        let now = service.context.now()
        try await service.context.metadata.write { transaction in
            try transaction.save(
                ModelRecord(
                    project: "p", version: 1, created: now, description: nil,
                    output: S3Location(bucket: "bucket", prefix: nil), kmsKeyID: nil))
            try transaction.save(
                try JobSubject.train(project: "p", version: 1).record(created: now))
        }
        _ = try await Worker(context: service.context, id: UUID())
            .workOnce(on: WorkerLane(kinds: [.train], places: 1))
        let model = try await service.context.metadata.read { try $0.model("p", 1) }
        return try #require(model)
    }

    @Test func twelveBitPicturesAreScaledByTheirRangeInTrainingAndDetection() async throws {
        try await datasets { number in
            self.mask(number < 4 ? [200, 10, 20, 100] : [0, 0, 0, 0])
        }
        let model = try await trained()
        #expect(model.status == .trained, "\(model.statusMessage ?? "")")
        let said = model.statusMessage ?? ""
        for words in [
            "use 12 bits", "s3://bucket/train-14, s3://bucket/train-15",
            "no mask of a training image marks were not learned: hole",
        ] {
            #expect(said.contains(words), "\(said)")
        }
        #expect(model.performance?.f1Score == 1)
        let (manifest, _) = try await service.context.models.load(model)
        #expect(manifest.sampleBits == 12 && manifest.training.sampleBits == 12)
        #expect(manifest.labels.map(\.name) == ["dent"] && manifest.training.learnedMasks == 4)
        // Twice the same picture, by its own brightest sample and with a brighter one.
        let plain = RawPNG.grey16(side: Self.side) { _, _ in 930 }
        let judged = try await service.context.host.run(model, bytes: plain.count) { detector in
            try detector.picture(in: plain, name: "x")[0, 0]
        }
        #expect(judged == RGB(58, 58, 58))
    }

    @Test func aModelIsNotMadeFromMasksThatMarkNothing() async throws {
        try await datasets { _ in self.mask([0, 0, 0, 0]) }
        let reader = DatasetReader(context: service.context, project: "p")
        let plan = try TrainingPlan(
            train: try #require(try await reader.images(.train)),
            test: try await reader.images(.test))
        let findings = try await PictureCheck(context: service.context)
            .findings(of: (plan.training + plan.testing).map(\.line))
        let check = try PlanCheck(plan, findings, acceptsMixedSizes: false)
        #expect(plan.labels.map(\.name) == ["dent", "hole"] && check.labels.isEmpty)
        let summary = try SmallModel.manifest(
            arn: "a", project: "p", version: 1, model: SmallModel.bytes("x")
        ).training
        let said = check.notes(summary)
        #expect(said.contains("were not learned: dent, hole"), "\(said)")
        #expect(said.contains("draws no masks"), "\(said)")
    }

    @Test func everyBadPictureOfATrainingIsNamedAtOnce() async throws {
        try await datasets { _ in self.mask([200, 10, 20, 255]) }
        try await put("train-0", Data("GIF89a".utf8))
        try await put("test-7-mask", mask([1, 2, 3, 255]))
        try await put("test-3", RawPNG.grey16(side: 72) { _, _ in 9 })
        try await service.objects.delete(ObjectLocation(bucket: "bucket", key: "train-7"))
        let model = try await trained()
        #expect(model.status == .trainingFailed)
        let said = model.statusMessage ?? ""
        for words in [
            "4 faults", "s3://bucket/train-0 is neither", "s3://bucket/train-7 does not exist",
            "s3://bucket/test-3 is 72×72", "s3://bucket/test-7-mask has the colour #010203",
        ] {
            #expect(said.contains(words), "\(said)")
        }
    }
}
