import Base
package import FoundationEssentials

/// `manifest.json` of a model: everything that is needed to use the graph beside it.
///
/// The same file lies beside the hosted model and at the root of a package; a package adds its
/// target. Members are only ever added; a reader refuses a higher `formatVersion`.
package struct ModelManifest: Sendable, Codable, Equatable {
    /// The manifest's own name, in a model's folder and at the root of a package.
    package static let fileName = "manifest.json"
    /// The ONNX file beside the manifest; `DetectorGraph.detector` describes it.
    package static let modelFileName = "model.onnx"
    /// What this program writes. 2 added the self-test and `SHA256SUMS` of packages.
    package static let currentFormatVersion = 2

    /// What a package was made for.
    package struct Target: Sendable, Codable, Equatable {
        /// As StartModelPackagingJob names it, like `jetson_xavier`; nil when a platform was given.
        package var device: String?
        /// `LINUX`.
        package var os: String?
        /// `X86_64` or `ARM64`.
        package var arch: String?
        /// `NVIDIA`; nil runs on the CPU.
        package var accelerator: String?
        /// Options of the request, by name; empty without any.
        package var compilerOptions: [String: String]

        package init(
            device: String?, os: String?, arch: String?, accelerator: String?,
            compilerOptions: [String: String]
        ) {
            self.device = device
            self.os = os
            self.arch = arch
            self.accelerator = accelerator
            self.compilerOptions = compilerOptions
        }
    }

    /// What was measured before a package's weights were made smaller.
    package struct Compression: Sendable, Codable, Equatable {
        /// `float16`: stored in 16 bits, computed in 32. `float32`: the measurement forbade it.
        package var precision: String
        /// Images of the datasets that both forms judged.
        package var images: Int
        /// Largest difference of scores, as a share of the threshold.
        package var scoreDifferenceMax: Double
        /// How many of `images` the two forms judged differently.
        package var verdictsChanged: Int
        /// F1 of the 32-bit form on `images`, 0...1.
        package var f1: Double
        /// F1 of the 16-bit form on the same images, 0...1.
        package var f1Compressed: Double

        package init(
            precision: String, images: Int, scoreDifferenceMax: Double, verdictsChanged: Int,
            f1: Double, f1Compressed: Double
        ) {
            self.precision = precision
            self.images = images
            self.scoreDifferenceMax = scoreDifferenceMax
            self.verdictsChanged = verdictsChanged
            self.f1 = f1
            self.f1Compressed = f1Compressed
        }
    }

    /// 1 to `currentFormatVersion`.
    package var formatVersion = ModelManifest.currentFormatVersion
    /// ARN of the model version; `evaluation` in `spotter evaluate`.
    package var modelArn: String
    package var projectName: String
    /// The version's number in text, as the API writes it.
    package var modelVersion: String
    /// Pixels of the images that the model was trained on and takes.
    package var image: PixelSize
    /// Whether it also takes images of other sizes, resized without regard to their aspect.
    package var acceptsOtherSizes: Bool?
    /// Bits that the samples of 16-bit PNGs use, 8...15: such images are scaled by them. nil for
    /// all 16, for models that saw no such image, and for models made before this member existed.
    package var sampleBits: Int?
    /// Pixels of the graph's input.
    package var input: PixelSize
    /// Empty for a model without masks.
    package var labels: [LabelClass]
    /// Name and colour of the part of an image without a defect.
    package var background: LabelClass
    /// The threshold in force; `training.threshold` has the one that training found.
    package var decision: Decision
    /// How the model came about: candidates, scores, seed.
    package var training: TrainingSummary
    /// nil beside a hosted model.
    package var target: Target?
    /// How a package stores its weights; nil is 32-bit floats.
    package var compression: Compression?
    /// Lower-case hexadecimal SHA-256 of every other file, by name.
    package var files: [String: String]

    package init(
        modelArn: String, projectName: String, modelVersion: String, detector: TrainedDetector,
        background: LabelClass, acceptsOtherSizes: Bool? = nil
    ) {
        self.modelArn = modelArn
        self.projectName = projectName
        self.modelVersion = modelVersion
        image = PixelSize(width: detector.imageWidth, height: detector.imageHeight)
        self.acceptsOtherSizes = acceptsOtherSizes
        sampleBits = detector.summary.sampleBits
        input = PixelSize(width: detector.inputWidth, height: detector.inputHeight)
        labels = detector.labels
        self.background = background
        decision = detector.decision
        training = detector.summary
        files = [Self.modelFileName: Checksum.sha256(Data(detector.model))]
    }

    /// Bytes with sorted members: the same manifest always has the same bytes.
    package func encoded() throws(VisionError) -> Data {
        do {
            return try JSONCoding.encode(self, .indented)
        } catch {
            throw VisionError(.invalidModel, "The model's manifest could not be written: \(error)")
        }
    }

    /// Sizes and labels that no model has would end the process later.
    private func check() throws(VisionError) {
        let sides = [
            ("image.width", image.width), ("image.height", image.height),
            ("input.width", input.width), ("input.height", input.height),
        ]
        let range = 1...VisionLimits.manifestSidePixelsMax
        if let (name, value) = sides.first(where: { !range.contains($0.1) }) {
            throw VisionError(
                .invalidModel,
                "The model's manifest has \(value) as \(name); \(range.lowerBound) to "
                    + "\(range.upperBound) are possible.")
        }
        if let sampleBits, !SampleBits.range.contains(sampleBits) {
            throw VisionError(
                .invalidModel,
                "The model's manifest has \(sampleBits) as sampleBits; "
                    + "\(SampleBits.range.lowerBound) to \(SampleBits.range.upperBound) are "
                    + "possible.")
        }
        guard labels.count <= VisionLimits.labelsMax else {
            throw VisionError(
                .invalidModel,
                "The model's manifest has \(labels.count) labels; at most "
                    + "\(VisionLimits.labelsMax) are possible.")
        }
    }

    /// - Throws: `invalidModel` for a newer format, for damaged JSON, and for sizes or labels
    ///   beyond the limits.
    package init(decoding bytes: Data) throws(VisionError) {
        struct Version: Decodable { let formatVersion: Int }
        let decoder = JSONDecoder()
        do {
            let version = try decoder.decode(Version.self, from: bytes).formatVersion
            guard version >= 1 else {
                throw VisionError(
                    .invalidModel, "The model has format version \(version); the first is 1.")
            }
            guard version <= Self.currentFormatVersion else {
                throw VisionError(
                    .invalidModel,
                    "The model has format version \(version); this Spotter reads up to "
                        + "\(Self.currentFormatVersion). Update Spotter.")
            }
            self = try decoder.decode(ModelManifest.self, from: bytes)
            try check()
        } catch let error as VisionError {
            throw error
        } catch {
            throw VisionError(.invalidModel, "The model's manifest.json is damaged: \(error)")
        }
    }
}
