import Foundation
import Service
import Vision

/// Trains on the images of one manifest and measures on those of another. Blocks.
struct EvaluationRun {
    let train: String
    let test: String
    let supervision: Supervision
    let seed: UInt64
    /// nil for the threshold of the best F1.
    let falseAlarmRate: Double?
    let threads: Int
    let runtime: OnnxRuntime
    let extractor: any FeatureExtractor
    /// What judging an image may take; nil sets no bound.
    let latencyMillisecondsMax: Double?
    /// Folder for overlays; nil for none.
    let maps: String?
    /// Told what is being done, in a few words.
    let progress: (String) -> Void

    private static let background = LabelClass(
        name: MaskClass.backgroundName, color: RGB.white.hex)

    /// - Throws: `ManifestError`, and `VisionError` for what no single line is to blame for.
    func result() throws -> EvaluationResult {
        let training = try LabelledFiles(path: train, supervision: supervision)
        let testing = try LabelledFiles(path: test, supervision: nil)
        for (path, files) in [(train, training), (test, testing)] where files.unlabelledCount > 0 {
            progress("\(files.unlabelledCount) images of \(path) have no label and are left out")
        }
        // Also finds files that are missing before the time of a training is spent.
        let shared = try training.imagePaths().intersection(try testing.imagePaths()).count
        let labels = try training.markedLabels(
            among: LabelledFiles.labels(of: [training, testing]))
        let sampleBits = try Self.sampleBits(of: [training, testing])
        let clock = ContinuousClock()
        let begin = clock.now
        let trained = try fit(
            training, labels: supervision == .masks ? labels : [], sampleBits: sampleBits)
        let seconds = (clock.now - begin) / .seconds(1)
        let trainingPeak = ProcessMemory.peakMegabytes
        let figures = try judge(testing, by: trained, labels: labels)
        return EvaluationResult(
            train: train, test: test, supervision: supervision, seed: seed, threads: threads,
            testNormalImages: testing.normalCount,
            testAnomalousImages: testing.count - testing.normalCount, sharedImages: shared,
            trainingSeconds: seconds,
            trainingPeakMegabytes: trainingPeak, peakMegabytes: ProcessMemory.peakMegabytes,
            threshold: trained.decision.threshold, metrics: figures.metrics,
            training: trained.summary, images: figures.images)
    }

    /// As training on a server does it: of all images.
    private static func sampleBits(of files: [LabelledFiles]) throws -> Int? {
        var highest: [UInt16] = []
        for files in files {
            try files.forEach { _, entry in
                let own = try SampleBits.highest(of: entry.bytes, name: entry.source)
                if let own { highest.append(own) }
            }
        }
        return SampleBits.used(byAll: highest)
    }

    private func fit(_ files: LabelledFiles, labels: [LabelClass], sampleBits: Int?) throws
        -> TrainedDetector
    {
        let trainer = try Trainer(
            runtime: runtime, extractor: extractor, labels: labels, threads: threads, seed: seed,
            falseAlarmRate: falseAlarmRate, latencyMillisecondsMax: latencyMillisecondsMax)
        progress("Reading \(files.count) training images")
        try files.forEach { _, entry in
            let image = try entry.decoded(sampleBits: sampleBits)
            let mask =
                labels.isEmpty
                ? nil
                : try entry.mask(
                    width: image.width, height: image.height, labels: labels)
            try trainer.add(
                TrainingSample(
                    name: entry.source, image: image, isAnomalous: entry.isAnomalous, mask: mask))
        }
        var trained = try trainer.fit(progress: progress, isCancelled: { false })
        trained.summary.sampleBits = sampleBits
        return trained
    }

    private func judge(_ files: LabelledFiles, by trained: TrainedDetector, labels: [LabelClass])
        throws -> TestFigures
    {
        let manifest = ModelManifest(
            modelArn: "evaluation", projectName: "evaluation", modelVersion: "1",
            detector: trained, background: Self.background)
        let detector = try Detector(
            runtime: runtime, manifest: manifest, model: Data(trained.model), threads: 1)
        var figures = TestFigures(labels: trained.labels, hasMasks: files.hasMasks)
        // The model's labels are all or none of `labels`, so masks mean the same to both.
        progress("Judging \(files.count) test images")
        let clock = ContinuousClock()
        try files.forEach { index, entry in
            // The first run of a session costs more than those that follow.
            if index == 0 {
                _ = try detector.detect(try detector.picture(in: entry.bytes, name: entry.source))
            }
            let begin = clock.now
            let image = try detector.picture(in: entry.bytes, name: entry.source)
            let detection = try detector.detect(image)
            let milliseconds = (clock.now - begin) / .milliseconds(1)
            figures.add(
                detection, of: entry, image: image,
                mask: try entry.mask(
                    width: image.width, height: image.height, labels: labels),
                milliseconds: milliseconds)
            if let maps {
                let picture = Overlay.picture(
                    of: image, detection, threshold: trained.decision.threshold)
                let name = URL(fileURLWithPath: entry.source).deletingPathExtension()
                    .lastPathComponent
                try PNG.encode(picture).write(
                    to: URL(fileURLWithPath: "\(maps)/\(index + 1)-\(name).png"))
            }
        }
        return figures
    }
}

/// How much memory this process took.
enum ProcessMemory {
    /// Resident memory at its highest; nil where the kernel does not tell.
    static var peakMegabytes: Double? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first
                .flatMap({ Double($0) })
        else { return nil }
        return kilobytes / 1024
    }
}
