import Base
package import FoundationEssentials

/// A model that is loaded and ready to judge images. Calls block; they may overlap.
package final class Detector: Sendable {
    /// Its decision holds unless a call gives another threshold.
    package let manifest: ModelManifest
    private let session: InferenceSession

    /// - Parameter providers: where to compute, in order of preference; the CPU comes last.
    /// - Throws: `invalidModel` when `model` is not the file that the manifest names, or when
    ///   `DetectorFile` refuses it.
    package init(
        runtime: OnnxRuntime, manifest: ModelManifest, model: Data, threads: Int,
        providers: [ExecutionProvider] = []
    ) throws(VisionError) {
        guard Checksum.sha256(model) == manifest.files[ModelManifest.modelFileName] else {
            throw VisionError(
                .invalidModel, "The model's file does not have the checksum of its manifest.")
        }
        try DetectorFile.check(model, manifest)
        self.manifest = manifest
        session = try InferenceSession(
            runtime: runtime, model: model, threads: threads, providers: providers)
    }

    /// Decodes an image as those were that the model learned from. One of another size than the
    /// model takes is refused by its header: nothing is spent on its pixels.
    ///
    /// - Parameter name: what messages call the image.
    /// - Throws: `invalidImage` as `ImageDecoder.decode` and `checkSize` do.
    package func picture(
        in bytes: Data, name: String, limits: ImageLimits = .standard
    ) throws(VisionError) -> RGBImage {
        let size = try ImageDecoder.size(of: bytes, name: name, limits: limits)
        try checkSize(width: size.width, height: size.height)
        return try ImageDecoder.decode(
            bytes, name: name, limits: limits, sampleBits: manifest.sampleBits)
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
                .invalidModel, "The model's score for this image is not a number. Train it again.")
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
        let names = DetectorFile.outputs(manifest)
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
