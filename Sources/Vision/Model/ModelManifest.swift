import Base
package import FoundationEssentials

/// `manifest.json` of a model: everything that is needed to use the graph beside it.
///
/// The same file lies beside the hosted model and at the root of a package; a package adds its
/// target. Members are only ever added; a reader refuses a higher `formatVersion`.
package struct ModelManifest: Sendable, Codable, Equatable {
    package static let fileName = "manifest.json"
    package static let modelFileName = "model.onnx"
    package static let currentFormatVersion = 2

    package struct Size: Sendable, Codable, Equatable {
        package var width: Int
        package var height: Int

        package init(width: Int, height: Int) {
            self.width = width
            self.height = height
        }
    }

    /// What a package was made for.
    package struct Target: Sendable, Codable, Equatable {
        package var device: String?
        package var os: String?
        package var arch: String?
        package var accelerator: String?
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
        package var verdictsChanged: Int
        package var f1: Double
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

    package var formatVersion = ModelManifest.currentFormatVersion
    package var modelArn: String
    package var projectName: String
    package var modelVersion: String
    /// Pixels of the images that the model was trained on and takes.
    package var image: Size
    /// Whether it also takes images of other sizes, resized without regard to their aspect.
    package var acceptsOtherSizes: Bool?
    /// Pixels of the graph's input.
    package var input: Size
    /// Empty for a model without masks.
    package var labels: [LabelClass]
    /// Name and colour of what is no defect.
    package var background: LabelClass
    /// The threshold in force; `training.threshold` has the one that training found.
    package var decision: Decision
    package var training: TrainingSummary
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
        image = Size(width: detector.imageWidth, height: detector.imageHeight)
        self.acceptsOtherSizes = acceptsOtherSizes
        input = Size(width: detector.inputWidth, height: detector.inputHeight)
        labels = detector.labels
        self.background = background
        decision = detector.decision
        training = detector.summary
        files = [Self.modelFileName: Checksum.sha256(Data(detector.model))]
    }

    /// Bytes with sorted members: the same manifest always has the same bytes.
    package func encoded() throws(VisionError) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return try encoder.encode(self)
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
        guard labels.count <= VisionLimits.labelsMax else {
            throw VisionError(
                .invalidModel,
                "The model's manifest has \(labels.count) labels; at most "
                    + "\(VisionLimits.labelsMax) are possible.")
        }
    }

    /// - Throws: `invalidModel` for a format from the future and for what is no manifest.
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
