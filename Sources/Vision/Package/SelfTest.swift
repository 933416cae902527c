import FoundationEssentials
import Glibc

/// A few inputs with what the server computed for them, so that a device can check that its runtime
/// computes the same before it judges anything.
package struct SelfTest: Sendable {
    /// Its place at the root of a package; its pictures lie beside it.
    package static let fileName = "selftest.json"
    /// Largest difference from the server's number, relative where the number is above 1.
    package static let toleranceMax = 1e-3
    /// Every n-th value of the maps is kept, in both directions.
    private static let stride = 16
    private static let vectorsMax = 8

    private struct Vector: Codable, Sendable {
        var image: String
        var score: Float
        /// The anomaly map, then the logits of each label, sampled.
        var samples: [Float]
    }

    private var vectors: [Vector]
    private var pictures: [String: Data]

    /// Draws the inputs and computes what belongs to them.
    ///
    /// - Parameter detector: of the very model that is packaged.
    package init(computedBy detector: Detector) throws(VisionError) {
        vectors = []
        pictures = [:]
        let size = detector.manifest.input
        for (index, picture) in Self.drawn(size).enumerated() {
            let name = "selftest-\(index + 1).png"
            pictures[name] = try PNG.encode(picture)
            let (score, samples) = try Self.compute(detector, picture)
            vectors.append(Vector(image: name, score: score, samples: samples))
        }
    }

    init(decoding bytes: Data, files: [String: Data]) throws(VisionError) {
        do {
            vectors = try JSONDecoder().decode([Vector].self, from: bytes)
        } catch {
            throw VisionError(.invalidModel, "\(Self.fileName) is damaged: \(error)")
        }
        guard vectors.count <= Self.vectorsMax else {
            throw VisionError(
                .invalidModel, "\(Self.fileName) has more than \(Self.vectorsMax) vectors.")
        }
        pictures = [:]
        for vector in vectors {
            guard let picture = files[vector.image] else {
                throw VisionError(.invalidModel, "\(Self.fileName) misses \(vector.image).")
            }
            pictures[vector.image] = picture
        }
    }

    func files() throws(VisionError) -> [(String, Data)] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        do {
            return [(Self.fileName, try encoder.encode(vectors))]
                + pictures.sorted { $0.key < $1.key }
        } catch {
            throw VisionError(.invalidModel, "The self-test could not be written: \(error)")
        }
    }

    /// - Throws: `invalidModel` with both numbers when they differ.
    func verify(_ detector: Detector) throws(VisionError) {
        for vector in vectors {
            guard let bytes = pictures[vector.image] else { continue }
            let size = try PNG.size(bytes, name: vector.image, limits: .standard)
            guard size == detector.manifest.input else {
                throw VisionError(
                    .invalidModel, "\(vector.image) does not have the size of the graph's input.")
            }
            let picture = try PNG.decodeRGB(bytes, name: vector.image)
            let (score, samples) = try Self.compute(detector, picture)
            try Self.compare(vector.score, score, "the score of \(vector.image)")
            guard samples.count == vector.samples.count else {
                throw VisionError(
                    .invalidModel, "The map of \(vector.image) has another size than the server's.")
            }
            for (expected, actual) in zip(vector.samples, samples) {
                try Self.compare(expected, actual, "the anomaly map of \(vector.image)")
            }
        }
    }

    private static func compare(_ expected: Float, _ actual: Float, _ what: String)
        throws(VisionError)
    {
        let tolerance = toleranceMax * Double(max(1, abs(expected)))
        // Written so that a NaN fails.
        guard abs(Double(expected) - Double(actual)) <= tolerance else {
            throw VisionError(
                .invalidModel,
                "The self-test failed: for \(what) the server computed \(expected), this device "
                    + "\(actual). Its runtime would judge images differently; use ONNX Runtime "
                    + "as Spotter ships it, or Accelerator=CPU.")
        }
    }

    private static func compute(_ detector: Detector, _ picture: RGBImage) throws(VisionError) -> (
        Float, [Float]
    ) {
        let outputs = try detector.run(picture.pixels)
        let (width, height) = (picture.width, picture.height)
        var samples: [Float] = []
        for output in outputs.dropFirst() {
            for plane in 0..<(output.values.count / (width * height)) {
                for y in Swift.stride(from: stride / 2, to: height, by: stride) {
                    for x in Swift.stride(from: stride / 2, to: width, by: stride) {
                        samples.append(output.values[(plane * height + y) * width + x])
                    }
                }
            }
        }
        return (outputs[0].values[0], samples)
    }

    /// A gradient, coarse noise and fine stripes: smooth, blocky and sharp, and small as PNG.
    private static func drawn(_ size: PixelSize) -> [RGBImage] {
        var random = SeededRandom(seed: 2_031)
        let cells = (0..<64 * 64).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        func picture(_ color: (Int, Int) -> RGB) -> RGBImage {
            var image = RGBImage(width: size.width, height: size.height, color: .white)
            for y in 0..<size.height {
                for x in 0..<size.width { image[x, y] = color(x, y) }
            }
            return image
        }
        return [
            picture { x, y in
                RGB(
                    UInt8(255 * x / size.width), UInt8(255 * y / size.height),
                    UInt8(255 * (x + y) / (size.width + size.height)))
            },
            picture { x, y in
                let cell = (y / 16 % 64 * 64 + x / 16 % 64)
                return RGB(cells[cell], cells[(cell + 1) % cells.count], cells[cell] / 2)
            },
            picture { x, y in
                (x / 3 + y / 5).isMultiple(of: 2) ? RGB(190, 160, 120) : RGB(70, 90, 110)
            },
        ]
    }
}
