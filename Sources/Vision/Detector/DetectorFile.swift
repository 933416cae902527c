package import FoundationEssentials

/// The ONNX file of a detector, checked before ONNX Runtime sees it: whoever wrote it may have
/// meant to read files, to compute for minutes or to fill the memory.
package enum DetectorFile {
    /// Checks the file of a model as `Detector` runs it.
    ///
    /// - Throws: `invalidModel`, naming the operator or tensor and what is possible.
    package static func check(_ file: Data, _ manifest: ModelManifest) throws(VisionError) {
        try check(file, image: manifest.input, outputs: outputs(manifest), subject: "The model")
    }

    /// Names of the outputs that a detector of this manifest is asked for.
    static func outputs(_ manifest: ModelManifest) -> [String] {
        let names = [DetectorGraph.scoreOutput, DetectorGraph.mapOutput]
        return manifest.labels.isEmpty ? names : names + [DetectorGraph.logitsOutput]
    }

    /// Checks a graph with the one input `image`.
    ///
    /// - Parameters:
    ///   - image: pixels of the input.
    ///   - subject: what messages call the file.
    static func check(
        _ file: Data, image: PixelSize, outputs: [String], subject: String
    ) throws(VisionError) {
        do throws(VisionError) {
            let graph = try GraphRules.model(file).graph
            let byte = ONNXTensor.ElementType.uint8.rawValue
            _ = try GraphCost(
                graph,
                inputs: [
                    DetectorGraph.imageInput: ([1, image.height, image.width, 3], byte)
                ], outputs: outputs)
        } catch {
            throw VisionError(.invalidModel, "\(subject) \(error.message).")
        }
    }
}
