import Base
import COnnxRuntime
import FoundationEssentials

/// ONNX Runtime, opened from its shared library.
package final class OnnxRuntime: @unchecked Sendable {  // the C environment is thread-safe
    let handle: OpaquePointer
    private let runs = GraphRuns()
    /// Seconds after which a run is ended.
    let runSecondsMax: Double

    /// - Parameter runSecondsMax: seconds after which a run of a graph is ended.
    /// - Throws: `runtimeUnavailable` with the loader's reason.
    package init(
        library path: String, runSecondsMax: Double = VisionLimits.runSecondsMax
    ) throws(VisionError) {
        self.runSecondsMax = runSecondsMax
        var message = [CChar](repeating: 0, count: 512)
        guard let handle = spotter_ort_open(path, &message, message.count) else {
            throw VisionError(
                .runtimeUnavailable,
                "ONNX Runtime could not be loaded from \(path): \(Self.text(message))")
        }
        self.handle = handle
    }

    deinit { spotter_ort_close(handle) }

    /// Runs `body` with a run that is ended when it takes too long.
    ///
    /// - Throws: what `body` throws; in its place `invalidModel` when the run was ended, and
    ///   `cancelled` after `endRuns`.
    func withRun<Value>(
        _ body: (GraphRun) throws(VisionError) -> Value
    ) throws(VisionError) -> Value {
        let run = try runs.begin(self, seconds: runSecondsMax)
        defer { runs.finish(run) }
        do throws(VisionError) {
            return try body(run)
        } catch {
            switch run.ended {
            case .late:
                throw VisionError(
                    .invalidModel,
                    "The model was ended after \(runSecondsMax) s of computing one image; that is "
                        + "the most a model may take.")
            case .stopped: throw VisionError(.cancelled, "The process is ending.")
            case nil: throw error
            }
        }
    }

    /// Ends every run that is under way before its next operator, and all later ones: the process
    /// is about to end.
    package func endRuns() { runs.stop() }

    /// The environment variable with the path of a library that goes before all others.
    package static let variable = "SPOTTER_ONNX_RUNTIME"

    /// Finds the library: where `SPOTTER_ONNX_RUNTIME` says, else `lib/spotter` (an installation or
    /// a bundle) or `.deps/lib/spotter` (a checkout) beside the executable or above it.
    ///
    /// - Parameters:
    ///   - executable: an absolute path.
    ///   - environment: `SPOTTER_ONNX_RUNTIME` is read; empty counts as not set.
    /// - Throws: `runtimeUnavailable` with the places that were looked at.
    package static func find(
        above executable: String, environment: [String: String]
    ) throws(VisionError) -> String {
        if let given = environment[variable], !given.isEmpty {
            guard FileManager.default.fileExists(atPath: given) else {
                throw VisionError(
                    .runtimeUnavailable,
                    "ONNX Runtime was not found: \(variable) is \(given), where there is no "
                        + "file. Set it to the path of libonnxruntime.so.")
            }
            return given
        }
        let library = "lib/spotter/libonnxruntime.so"
        guard
            let path = InstalledFile.find([library, ".deps/\(library)"], above: executable)
        else {
            throw VisionError(
                .runtimeUnavailable,
                "ONNX Runtime's library lies neither beside \(executable) nor above it, as "
                    + "\(library). Run scripts/setup in a checkout, install Spotter or its bundle "
                    + "whole, or set \(variable) to the path of libonnxruntime.so.")
        }
        return path
    }

    /// As the library names itself, like `1.32.0`.
    package var version: String { String(cString: spotter_ort_version(handle)) }

    /// Execution providers of the library, by ONNX Runtime's names.
    package var availableProviders: [String] {
        var names = [CChar](repeating: 0, count: 2048)
        spotter_ort_providers(handle, &names, names.count)
        return Self.text(names).split(separator: "\n").map(String.init)
    }

    /// The text that C wrote into a buffer, up to the first zero byte.
    static func text(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
