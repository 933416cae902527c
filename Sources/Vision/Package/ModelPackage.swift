import Base
package import FoundationEssentials

/// A packaged model, as it lies on a device: an archive or the folder that it unpacks to.
///
/// Format 1: `manifest.json` and `model.onnx`. Format 2 adds `selftest.json` with its pictures and
/// `SHA256SUMS`, which covers the manifest too and is what `sha256sum -c` reads.
package struct ModelPackage: Sendable {
    /// One line `SHA-256  NAME` for each other file, sorted by name.
    package static let checksumsFileName = "SHA256SUMS"

    /// As the package has it; `detector(…)` may use another threshold.
    package let manifest: ModelManifest
    /// nil in packages of format 1.
    package let selfTest: SelfTest?
    private let model: Data

    /// Reads and verifies every file.
    ///
    /// - Parameter path: an archive, or a folder with `manifest.json`.
    /// - Throws: `invalidModel`, telling the file and what is wrong with it.
    package init(path: String) throws(VisionError) {
        let files = try Self.files(path)
        let (manifest, bytes) = try Self.manifest(files, path)
        guard manifest.files.count <= VisionLimits.packageFilesMax else {
            throw VisionError(
                .invalidModel,
                "\(path) names \(manifest.files.count) files; a package has at most "
                    + "\(VisionLimits.packageFilesMax).")
        }
        var contents: [String: Data] = [:]
        var total = 0
        for (name, checksum) in manifest.files.sorted(by: { $0.key < $1.key }) {
            try Self.checkName(name)
            guard let data = try files.read(name, bytesMax: VisionLimits.packageFileBytesMax) else {
                throw VisionError(.invalidModel, "\(path) lacks \(name).")
            }
            guard Checksum.sha256(data) == checksum else {
                throw VisionError(
                    .invalidModel,
                    "\(name) in \(path) is damaged: its SHA-256 is not the manifest's. Copy or "
                        + "package the model again.")
            }
            total += data.count
            guard total <= VisionLimits.packageBytesMax else {
                throw VisionError(
                    .invalidModel,
                    "The files of \(path) have more than \(VisionLimits.packageBytesMax) bytes.")
            }
            contents[name] = data
        }
        if manifest.formatVersion >= 2 {
            try Self.verifyChecksums(files, path, manifest: bytes)
        }
        guard let model = contents[ModelManifest.modelFileName] else {
            throw VisionError(
                .invalidModel, "The manifest of \(path) names no \(ModelManifest.modelFileName).")
        }
        self.manifest = manifest
        self.model = model
        selfTest = try contents[SelfTest.fileName].map { data throws(VisionError) in
            try SelfTest(decoding: data, files: contents)
        }
    }

    /// The manifest alone, for a list of models; nothing else of the package is verified.
    package static func manifest(path: String) throws(VisionError) -> ModelManifest {
        try manifest(try files(path), path).0
    }

    /// Checks the graph as `detector(…)` does, without loading it.
    ///
    /// - Throws: `invalidModel` as `DetectorFile.check` does.
    package func checkGraph() throws(VisionError) { try DetectorFile.check(model, manifest) }

    /// A detector that has passed the package's self-test on this device.
    ///
    /// - Parameters:
    ///   - threshold: takes the place of the package's.
    ///   - providers: in order of preference.
    /// - Throws: `invalidModel` when this runtime computes something else than the server did.
    package func detector(
        runtime: OnnxRuntime, threads: Int, threshold: Double? = nil,
        providers: [ExecutionProvider] = []
    ) throws(VisionError) -> Detector {
        var manifest = manifest
        if let threshold { manifest.decision = manifest.decision.moved(to: threshold) }
        let detector = try Detector(
            runtime: runtime, manifest: manifest, model: model, threads: threads,
            providers: providers)
        try detector.checkShapes()
        try selfTest?.verify(detector)
        return detector
    }

    private static func files(_ path: String) throws(VisionError) -> PackageFiles {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw VisionError(.invalidModel, "There is no package at \(path).")
        }
        return isDirectory ? .directory(path) : .archive(path)
    }

    private static func manifest(_ files: PackageFiles, _ path: String) throws(VisionError) -> (
        ModelManifest, Data
    ) {
        guard
            let bytes = try files.read(
                ModelManifest.fileName, bytesMax: VisionLimits.packageTextBytesMax)
        else { throw VisionError(.invalidModel, "\(path) lacks \(ModelManifest.fileName).") }
        return (try ModelManifest(decoding: bytes), bytes)
    }

    /// The archive's files are flat; anything else in a manifest is an attempt to read elsewhere.
    private static func checkName(_ name: String) throws(VisionError) {
        guard !name.isEmpty, !name.hasPrefix("."), !name.contains("/"), !name.contains("\0") else {
            throw VisionError(
                .invalidModel, "The manifest names the file '\(name)', which is not a plain name.")
        }
    }

    private static func verifyChecksums(
        _ files: PackageFiles, _ path: String, manifest: Data
    ) throws(VisionError) {
        guard
            let sums = try files.read(
                checksumsFileName, bytesMax: VisionLimits.packageTextBytesMax)
        else { throw VisionError(.invalidModel, "\(path) lacks \(checksumsFileName).") }
        let decoded = try ModelManifest(decoding: manifest)
        guard sums == checksums(decoded, manifest: manifest) else {
            throw VisionError(
                .invalidModel,
                "\(ModelManifest.fileName) or \(checksumsFileName) in \(path) is damaged: they do "
                    + "not agree. Copy or package the model again.")
        }
    }

    private static func checksums(_ manifest: ModelManifest, manifest bytes: Data) -> Data {
        var sums = manifest.files
        sums[ModelManifest.fileName] = Checksum.sha256(bytes)
        let lines = sums.sorted { $0.key < $1.key }.map { "\($0.value)  \($0.key)\n" }
        return Data(lines.joined().utf8)
    }

    /// The files of a package of the current format, in the order of the archive.
    package static func files(
        manifest: ModelManifest, model: Data, selfTest: SelfTest
    ) throws(VisionError) -> [(name: String, bytes: Data)] {
        var manifest = manifest
        let contents = [(ModelManifest.modelFileName, model)] + (try selfTest.files())
        manifest.formatVersion = ModelManifest.currentFormatVersion
        manifest.files = contents.reduce(into: [:]) { $0[$1.0] = Checksum.sha256($1.1) }
        let bytes = try manifest.encoded()
        return [
            (ModelManifest.fileName, bytes),
            (checksumsFileName, checksums(manifest, manifest: bytes)),
        ] + contents
    }
}
