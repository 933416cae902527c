import FoundationEssentials
import TestSupport
import Testing

@testable import Vision

@Suite(.serialized, .ownThread) struct TrainingTests {
    private static let labels = [ProductPictures.Defect.stain.label]

    /// A detector that several cases look at, trained once, and what the training reported.
    private struct Example {
        var detector: TrainedDetector
        var messages: [String] = []
    }

    private static let example = Result {
        var messages: [String] = []
        let detector = try trainer().fit(
            progress: { messages.append($0) }, isCancelled: { false })
        return Example(detector: detector, messages: messages)
    }

    private static func trainer(
        normal: Int = 14, anomalies: Int = 8, masks: Bool = true
    ) throws -> Trainer {
        let trainer = try Trainer(
            runtime: Checkout.runtime.get(), extractor: Checkout.backbone(),
            labels: masks ? labels : [], threads: 2, seed: 1)
        var pictures = ProductPictures(seed: 11, width: 192, height: 144)
        for index in 0..<normal {
            try trainer.add(
                TrainingSample(
                    name: "n\(index)", image: pictures.next().image, isAnomalous: false, mask: nil))
        }
        for index in 0..<anomalies {
            let picture = pictures.next(.stain)
            try trainer.add(
                TrainingSample(
                    name: "a\(index)", image: picture.image, isAnomalous: true,
                    mask: masks ? try mask(of: picture) : nil))
        }
        return trainer
    }

    private static func mask(of picture: ProductPictures.Picture) throws -> LabelMask {
        let color = RGB(hex: labels[0].color) ?? .white
        let (width, height) = (picture.image.width, picture.image.height)
        return try LabelMask(
            png: try PNG.encode(
                indices: picture.mask, width: width, height: height, palette: [.white, color]),
            classes: [.init(name: labels[0].name, color: color)], labels: labels,
            imageWidth: width, imageHeight: height, name: "mask")
    }

    private func detector(_ trained: TrainedDetector) throws -> Detector {
        try Detector(
            runtime: Checkout.runtime.get(),
            manifest: ModelManifest(
                modelArn: "arn", projectName: "p", modelVersion: "1", detector: trained,
                background: LabelClass(name: "background", color: "#FFFFFF")),
            model: Data(trained.model), threads: 1)
    }

    @Test func aTrainedDetectorFindsAndMarksNewDefects() throws {
        let example = try Self.example.get()
        let (trained, messages) = (example.detector, example.messages)
        #expect(messages.contains { $0.contains("step 1 of ") })
        #expect(messages.contains { $0.contains("labelled anomalies") })
        let detector = try detector(trained)
        var pictures = ProductPictures(seed: 99, width: 192, height: 144)
        var normal: [Double] = []
        var anomalous: [Double] = []
        var overlap = Confusion()
        for _ in 0..<8 {
            normal.append(try detector.detect(pictures.next().image).score)
            let picture = pictures.next(.stain)
            let detection = try detector.detect(picture.image)
            anomalous.append(detection.score)
            let found = try #require(detection.segmentation)
            #expect(abs(found.areas.reduce(0, +) - 1) < 1e-9)
            for (shown, real) in zip(found.indices, picture.mask) {
                overlap.count(predicted: shown == 1, actual: real == 1)
            }
        }
        #expect((Ranking.auroc(normal: normal, anomalous: anomalous) ?? 0) > 0.9)
        #expect(overlap.iou > 0.3)
        let candidates = trained.summary.candidates
        #expect(Set(candidates.map(\.normalModel)) == ["memoryBank", "positions"])
        #expect(candidates.contains { $0.supervision?.hasPrefix("masks") == true })
        #expect(candidates.contains(trained.summary.chosen))
        #expect((trained.summary.labelIoU?["stain"] ?? 0) > 0.3)
        #expect((trained.summary.expectedCalibrationError ?? 1) < 0.5)
    }

    @Test func defectsThatNoLabelShowedAreFoundByTheirDistance() throws {
        let detector = try detector(Self.example.get().detector)
        var pictures = ProductPictures(seed: 77, width: 192, height: 144)
        var normal: [Double] = []
        var unseen: [Double] = []
        for _ in 0..<8 {
            normal.append(try detector.detect(pictures.next().image).score)
            unseen.append(try detector.detect(pictures.next(.scratch).image).score)
        }
        #expect((Ranking.auroc(normal: normal, anomalous: unseen) ?? 0) > 0.8)
    }

    @Test func theSameImagesGiveTheSameBytes() throws {
        let models = try (0..<2).map { _ in
            try Self.trainer(normal: 6, anomalies: 3).fit(
                progress: { _ in }, isCancelled: { false }
            ).model
        }
        #expect(models[0] == models[1])
    }

    @Test func normalImagesAloneSuffice() throws {
        let trained = try Self.trainer(anomalies: 0, masks: false).fit(
            progress: { _ in }, isCancelled: { false })
        #expect(trained.labels.isEmpty)
        #expect(trained.summary.expectedFalseAlarmRate >= 1.0 / 15)
        #expect(trained.summary.expectedFalseAlarmRate <= 0.3)
        #expect(trained.summary.drawnAnomalies == 14)
        #expect(trained.summary.f1 == nil)
        let detector = try detector(trained)
        var pictures = ProductPictures(seed: 5, width: 192, height: 144)
        let detection = try detector.detect(pictures.next(.stain).image)
        #expect(detection.segmentation == nil)
        #expect(detection.map.width == 288 && detection.map.height == 224)
    }

    @Test func trainingStopsWhenAsked() throws {
        let error = #expect(throws: VisionError.self) {
            try Self.trainer().fit(progress: { _ in }, isCancelled: { true })
        }
        #expect(error?.code == .cancelled)
    }

    @Test func imagesOfAnotherSizeAreRefusedByName() throws {
        let trainer = try Self.trainer(anomalies: 0, masks: false)
        var pictures = ProductPictures(seed: 1, width: 200, height: 144)
        let error = #expect(throws: VisionError.self) {
            try trainer.add(
                TrainingSample(
                    name: "odd", image: pictures.next().image, isAnomalous: false, mask: nil))
        }
        for word in ["odd", "200×144", "192×144"] {
            #expect(error?.message.contains(word) == true)
        }
    }

    @Test func flatImagesFailWithAReason() throws {
        let trainer = try Trainer(
            runtime: Checkout.runtime.get(), extractor: Checkout.backbone(), labels: [], threads: 1,
            seed: 1)
        for index in 0..<3 {
            try trainer.add(
                TrainingSample(
                    name: "\(index)", image: RGBImage(width: 64, height: 64, color: .white),
                    isAnomalous: false, mask: nil))
        }
        let error = #expect(throws: VisionError.self) {
            try trainer.fit(progress: { _ in }, isCancelled: { false })
        }
        #expect(error?.code == .unsuitableDataset)
    }

    @Test func theGraphsScoreIsThatOfItsParts() throws {
        let extractor = try Checkout.backbone()
        let view = FeatureView(
            extractor: extractor, tap: try #require(extractor.taps.last),
            input: PixelSize(width: 256, height: 256))
        let runtime = try Checkout.runtime.get()
        var pictures = ProductPictures(seed: 3, width: 256, height: 256)
        let image = pictures.next().image
        let input = InputTensor.bytes(shape: [1, 256, 256, 3], values: image.pixels)
        let features = try InferenceSession(
            runtime: runtime, model: DetectorGraph.features(view), threads: 1
        ).run([("image", input)], outputs: ["features"])[0]
        let tensor = try InferenceSession(
            runtime: runtime, model: DetectorGraph.smoothedRows(view), threads: 1
        ).run([("features", .floats(features))], outputs: ["rows"])[0]
        let rows = Rows(width: view.channels, values: tensor.values)
        let whitening = try Whitening.fit(rows, exponent: 0.5)
        var random = SeededRandom(seed: 1)
        let bank = Sampling.rows(50, of: whitening.apply(to: rows), using: &random)
        let head = DetectorHead(
            isSmoothed: true, pooledFraction: 0.01, whitening: whitening,
            normal: .memoryBank(bank), border: .none, textureWhitening: nil, textureScore: nil,
            supervision: nil,
            classifier: nil)
        let session = try InferenceSession(
            runtime: runtime, model: DetectorGraph.detector(view, head, metadata: []),
            threads: 1)
        let score = try session.run([("image", input)], outputs: ["score"])[0].values[0]
        // The same by hand: nearest neighbours in plain Swift.
        let whitened = whitening.apply(to: rows)
        let distances = (0..<whitened.count).map { row in
            (0..<bank.count).map { index in
                zip(whitened[row], bank[index]).reduce(Float(0)) {
                    $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
                }
            }.min().map { $0.squareRoot() } ?? 0
        }
        #expect(abs(Double(score) - Pooling.score(distances, fraction: 0.01)) < 1e-3)
    }

    /// Many patches are taken in parts, whose names must not meet.
    @Test func twoMemoryBanksOfManyPatchesFitIntoOneGraph() throws {
        let runtime = try Checkout.runtime.get()
        let extractor = try Checkout.backbone()
        let view = FeatureView(
            extractor: extractor, tap: try #require(extractor.taps.last),
            input: PixelSize(width: 544, height: 544))
        func bank(_ channels: Int) throws -> (Whitening, NormalModel) {
            var random = SeededRandom(seed: 3)
            let rows = Rows(
                width: channels,
                values: (0..<200 * channels).map { _ in Float.random(in: -1...1, using: &random) })
            return (try Whitening.fit(rows, exponent: 0.5), .memoryBank(rows))
        }
        let (whitening, normal) = try bank(view.channels)
        let texture = try #require(view.texture)
        let (textureWhitening, textureNormal) = try bank(texture.taps[0].channels)
        let head = DetectorHead(
            isSmoothed: false, pooledFraction: 0.01, whitening: whitening, normal: normal,
            border: .none,
            textureWhitening: textureWhitening,
            textureScore: TextureScore(
                normal: textureNormal, border: .none, pooledFraction: 0, share: 0.5, scale: 1,
                offset: 0),
            supervision: nil, classifier: nil)
        let session = try InferenceSession(
            runtime: runtime, model: DetectorGraph.detector(view, head, metadata: []), threads: 1)
        let pixels = (0..<544 * 544 * 3).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let outputs = try session.run(
            [("image", .bytes(shape: [1, 544, 544, 3], values: pixels))],
            outputs: ["score", "anomaly_map"])
        #expect(outputs[0].values[0].isFinite && outputs[0].values[0] > 0)
        #expect(outputs[1].shape == [1, 1, 544, 544])
    }
}

@Suite struct ModelFileTests {
    @Test func aMissingRuntimeIsToldWithItsPath() {
        let error = #expect(throws: VisionError.self) { try OnnxRuntime(library: "/no/such.so") }
        #expect(error?.code == .runtimeUnavailable)
        #expect(error?.message.contains("/no/such.so") == true)
    }

    @Test func garbageIsNoModelAndNoBackbone() throws {
        let runtime = try Checkout.runtime.get()
        #expect(throws: VisionError.self) {
            try InferenceSession(runtime: runtime, model: Data("garbage".utf8), threads: 1)
        }
        #expect(throws: VisionError.self) {
            try LearnedBackbone(identifier: "x", file: Data("garbage".utf8))
        }
    }

    @Test func aManifestFromTheFutureIsRefused() {
        let error = #expect(throws: VisionError.self) {
            try ModelManifest(decoding: Data(#"{"formatVersion": 99}"#.utf8))
        }
        #expect(error?.message.contains("99") == true)
        #expect(throws: VisionError.self) { try ModelManifest(decoding: Data("{}".utf8)) }
    }

    @Test func archivesOfTheSameFilesAreEqual() throws {
        let directory = try TemporaryDirectory()
        let files = [("manifest.json", Data("{}".utf8)), ("model.onnx", Data(count: 100_000))]
        for name in ["a", "b"] {
            try PackageArchive.write(files, to: "\(directory.path)/\(name).zip")
        }
        let (a, b) = (
            try Data(contentsOf: URL(filePath: "\(directory.path)/a.zip")),
            try Data(contentsOf: URL(filePath: "\(directory.path)/b.zip"))
        )
        #expect(a == b)
        // Stored, so the bytes are all there.
        #expect(a.count > 100_000 && a.count < 101_000)
        #expect(throws: VisionError.self) {
            try PackageArchive.write(files, to: "\(directory.path)/a.zip")
        }
    }
}
