import Base
package import FoundationEssentials

/// A model that is loaded and ready to judge images. Calls block; they may overlap.
package final class Detector: Sendable {
    package let manifest: ModelManifest
    private let session: InferenceSession

    /// - Parameter providers: where to compute, in order of preference; the CPU comes last.
    /// - Throws: `invalidModel` when `model` is not the file that the manifest names.
    package init(
        runtime: OnnxRuntime, manifest: ModelManifest, model: Data, threads: Int,
        providers: [ExecutionProvider] = []
    ) throws(VisionError) {
        guard Checksum.sha256(model) == manifest.files[ModelManifest.modelFileName] else {
            throw VisionError(
                .invalidModel, "The model's file does not have the checksum of its manifest.")
        }
        self.manifest = manifest
        session = try InferenceSession(
            runtime: runtime, model: model, threads: threads, providers: providers)
    }

    /// Judges one image. Masks come out at the image's own size.
    ///
    /// - Parameter threshold: takes the place of the manifest's; verdict, confidence and mask
    ///   follow it.
    /// - Throws: `invalidImage` for another size than that of the training images, unless the
    ///   model takes others.
    package func detect(
        _ image: RGBImage, threshold: Double? = nil
    ) throws(VisionError) -> Detection {
        try checkSize(width: image.width, height: image.height)
        let decision = threshold.map(manifest.decision.moved) ?? manifest.decision
        let resized = Resize.resize(
            image, width: manifest.input.width, height: manifest.input.height)
        let outputs = try run(resized.pixels)
        let score = Double(outputs[0].values[0])
        guard score.isFinite else {
            throw VisionError(
                .invalidModel, "The model's score for this image is no number. Train it again.")
        }
        let isAnomalous = decision.isAnomalous(score)
        let map = FloatMap(
            width: manifest.input.width, height: manifest.input.height, values: outputs[1].values)
        let segmentation =
            manifest.labels.isEmpty
            ? nil
            : segment(
                outputs[2], width: image.width, height: image.height, isAnomalous: isAnomalous)
        return Detection(
            score: score, threshold: decision.threshold, isAnomalous: isAnomalous,
            confidence: decision.confidence(score), map: map, segmentation: segmentation)
    }

    /// - Throws: `invalidImage` telling both sizes when the model does not take this one.
    package func checkSize(width: Int, height: Int) throws(VisionError) {
        let trained = manifest.image
        let isTrained = width == trained.width && height == trained.height
        guard isTrained || manifest.acceptsOtherSizes == true else {
            throw VisionError(
                .invalidImage,
                "The image is \(width)×\(height) pixels; the model was trained on images of "
                    + "\(trained.width)×\(trained.height).")
        }
    }

    /// Runs the graph once on nothing, so that a graph that is not the manifest's is found now and
    /// not by the first image.
    func checkShapes() throws(VisionError) {
        let plane = manifest.input.width * manifest.input.height
        let outputs = try run([UInt8](repeating: 0, count: plane * 3))
        let found = outputs.map(\.values.count)
        let labels = manifest.labels.count
        let wanted = [1, plane] + (labels == 0 ? [] : [labels * plane])
        guard found == wanted else {
            throw VisionError(
                .invalidModel,
                "The model's graph gives \(found) values where its manifest wants \(wanted).")
        }
    }

    /// - Parameter pixels: of the size of the graph's input.
    /// - Returns: score, anomaly map and, with labels, their logits.
    func run(_ pixels: [UInt8]) throws(VisionError) -> [Tensor] {
        var names = [DetectorGraph.scoreOutput, DetectorGraph.mapOutput]
        if !manifest.labels.isEmpty { names.append(DetectorGraph.logitsOutput) }
        let shape = [1, manifest.input.height, manifest.input.width, 3]
        return try session.run(
            [(DetectorGraph.imageInput, .bytes(shape: shape, values: pixels))], outputs: names)
    }

    /// Gives each pixel the label with the highest positive logit. An image that is judged normal
    /// is all background, so that verdict and mask cannot contradict each other.
    private func segment(_ logits: Tensor, width: Int, height: Int, isAnomalous: Bool)
        -> Segmentation
    {
        var indices = [UInt8](repeating: 0, count: width * height)
        if isAnomalous {
            var highest = [Float](repeating: 0, count: width * height)
            let plane = manifest.input.width * manifest.input.height
            for label in manifest.labels.indices {
                let values = Array(logits.values[(label * plane)..<((label + 1) * plane)])
                let full = FloatMap(
                    width: manifest.input.width, height: manifest.input.height, values: values
                ).resized(width: width, height: height)
                for pixel in indices.indices where full.values[pixel] > highest[pixel] {
                    highest[pixel] = full.values[pixel]
                    indices[pixel] = UInt8(label + 1)
                }
            }
        }
        return Segmentation(
            width: width, height: height, indices: indices,
            classes: [manifest.background] + manifest.labels)
    }
}

/// What a model says about an image.
package struct Detection: Sendable {
    /// Not negative; higher is more anomalous.
    package let score: Double
    /// What the score was compared with.
    package let threshold: Double
    package let isAnomalous: Bool
    /// Confidence in the verdict given, 0.5...1.
    package let confidence: Double
    /// Distance of each pixel of the graph's input to what is normal.
    package let map: FloatMap
    /// nil for a model without masks.
    package let segmentation: Segmentation?
}

/// A label for each pixel of an image.
package struct Segmentation: Sendable, Equatable {
    package let width: Int
    package let height: Int
    /// Indices into `classes`, rows from the top.
    package let indices: [UInt8]
    /// Background first, then the labels.
    package let classes: [LabelClass]

    /// Share of the pixels of each class, in the order of `classes`; the sum is 1.
    package var areas: [Double] {
        var counts = [Int](repeating: 0, count: classes.count)
        for index in indices { counts[Int(index)] += 1 }
        return counts.map { Double($0) / Double(max(1, indices.count)) }
    }

    /// Interleaved red, green and blue bytes in the colours of the classes.
    package func rgb() -> [UInt8] {
        let colors = classes.map { RGB(hex: $0.color) ?? .white }
        return [UInt8](unsafeUninitializedCapacity: indices.count * 3) { bytes, count in
            for (pixel, index) in indices.enumerated() {
                let color = colors[Int(index)]
                bytes[pixel * 3] = color.red
                bytes[pixel * 3 + 1] = color.green
                bytes[pixel * 3 + 2] = color.blue
            }
            count = indices.count * 3
        }
    }

    /// A palette PNG in the colours of the classes.
    package func png() throws(VisionError) -> Data {
        try PNG.encode(
            indices: indices, width: width, height: height,
            palette: classes.map { RGB(hex: $0.color) ?? .white })
    }
}
