import Vision

/// What a hosted model takes of memory, by estimate: of the resident bytes of a process nobody can
/// say whose they are.
///
/// `scripts/measure-model-memory` loads forty sessions of a model, runs each, and lets one run on
/// several threads. On two cores with ONNX Runtime 1.32, MiB:
///
/// | model | file | each, loaded | each, after a run | while one runs | four run |
/// | --- | --- | --- | --- | --- | --- |
/// | backbone-d3, 256×256, a label | 2.7 | 3.4 | 5.0 | 19 | 47 |
/// | backbone-e1, 288×224 | 6.8 | 20.3 | 22.4 | 14 | 40 |
/// | backbone-e1, 256×256, a label | 6.8 | 20.5 | 20.5 | 12 | 46 |
/// | backbone-e1, 384×384, a label | 6.8 | 20.3 | 22.6 | 37 | 72 |
/// | backbone-e1, 384×384 | 7.0 | 20.6 | 36.4 | 57 | 190 |
///
/// A session keeps its weights packed for the processor beside the file's, three times the file,
/// and some of what runs have used: four times in all. A run takes up to 400 bytes for each pixel
/// of the graph's input, several at once less each; 300 for each unit is about the middle.
struct ModelMemory: Sendable, Equatable {
    static let perGraphByte = 4
    static let perInputPixel = 300

    let bytes: Int

    /// - Parameters:
    ///   - graphBytes: of the ONNX file.
    ///   - units: runs at once.
    init(_ manifest: ModelManifest, graphBytes: Int, units: Int) {
        let pixels = manifest.input.width * manifest.input.height
        let runs = min(max(1, units), Limits.modelRunsCountedMax)
        bytes = graphBytes * Self.perGraphByte + pixels * Self.perInputPixel * runs
    }
}
