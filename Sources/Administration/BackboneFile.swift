import Service
package import Vision

/// An ONNX file that an operator gives as the backbone of models.
package struct BackboneFile: Sendable {
    /// As the operator gave it; opened by `load` only.
    package let path: String
    /// What replaces the file's own `spotter.*` metadata, for files without it.
    package let annotations: BackboneAnnotations

    /// Reads nothing yet, so a wrong path is found by `load`.
    package init(path: String, annotations: BackboneAnnotations = BackboneAnnotations()) {
        self.path = path
        self.annotations = annotations
    }

    /// Reads the file and its annotations.
    ///
    /// - Parameter runtime: Tries the network on an image; nil only reads the file.
    /// - Throws: `VisionError` naming a file that cannot be a backbone.
    package func load(runtime: OnnxRuntime? = nil) throws -> LearnedBackbone {
        try BackboneSource.backbone(at: path, annotations: annotations, runtime: runtime)
    }
}
