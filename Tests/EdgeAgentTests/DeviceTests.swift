import EdgeAgent
import FoundationEssentials
import TestSupport
import Testing
import Vision

@Suite struct DeviceTests {
    private func manifest(_ target: ModelManifest.Target) throws -> ModelManifest {
        let path = "\(Checkout.root)/Tests/VisionTests/Golden/package-2.zip"
        var manifest = try ModelPackage.manifest(path: path)
        manifest.target = target
        return manifest
    }

    private let processor = ModelManifest.Target(
        device: nil, os: "LINUX", arch: "X86_64", accelerator: nil,
        compilerOptions: ["mcpu": "core-avx2"])
    private let gpu = ModelManifest.Target(
        device: "jetson_xavier", os: "LINUX", arch: "ARM64", accelerator: "NVIDIA",
        compilerOptions: ["cuda-ver": "10.2"])

    @Test func aProcessorThatHasWhatWasAskedForGetsNoWarning() throws {
        let device = Device(processorFlags: ["avx2"], architecture: "amd64", providers: [])
        let plan = try device.plan(for: manifest(processor), ModelSettings())
        #expect(plan.warnings == [] && plan.providers == [])
    }

    @Test func aProcessorThatLacksItIsTold() throws {
        let device = Device(processorFlags: ["sse2"], architecture: "amd64", providers: [])
        let plan = try device.plan(for: manifest(processor), ModelSettings())
        #expect(plan.warnings.joined().contains("core-avx2"))
        let error = #expect(throws: VisionError.self) {
            try device.plan(for: manifest(processor), ModelSettings(fallback: false))
        }
        #expect(error?.message.contains("avx2") == true)
    }

    @Test func aGPUPackageFallsBackToTheProcessorUnlessForbidden() throws {
        let device = Device(
            processorFlags: [], architecture: "aarch64", providers: ["CPUExecutionProvider"])
        let plan = try device.plan(for: manifest(gpu), ModelSettings())
        #expect(plan.name == "CPU" && plan.warnings.joined().contains("Tensorrt"))
        #expect(throws: VisionError.self) {
            try device.plan(for: manifest(gpu), ModelSettings(fallback: false))
        }
        // Told to use the processor, it misses nothing.
        #expect(
            try device.plan(for: manifest(gpu), ModelSettings(accelerator: .cpu, fallback: false))
                .warnings == [])
    }

    @Test func aGPUPackageTriesTensorRTThenCUDA() throws {
        let folder = TemporaryFolder()
        let device = Device(
            processorFlags: [], architecture: "aarch64",
            providers: [
                "CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider",
            ], systemRoot: folder.path)
        try folder.write(#"{"cuda": {"version": "11.4.1"}}"#, to: "usr/local/cuda/version.json")
        let plan = try device.plan(for: manifest(gpu), ModelSettings())
        #expect(plan.providers.map(\.kind) == [.tensorRT, .cuda])
        #expect(plan.warnings.joined().contains("cuda-ver 10.2, here is 11.4.1"))
    }

    /// A folder that is gone at the end of a test.
    private final class TemporaryFolder {
        let path = "/tmp/spotter-device-\(UUID().uuidString)"

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ text: String, to file: String) throws {
            let full = "\(path)/\(file)"
            let folder = full.split(separator: "/").dropLast().joined(separator: "/")
            try FileManager.default.createDirectory(
                atPath: "/" + folder, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: full))
        }
    }
}
