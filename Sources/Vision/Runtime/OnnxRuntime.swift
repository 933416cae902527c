import Base
import COnnxRuntime
import FoundationEssentials

/// ONNX Runtime, opened from its shared library.
package final class OnnxRuntime: @unchecked Sendable {  // the C environment is thread-safe
    let handle: OpaquePointer

    /// - Throws: `runtimeUnavailable` with the loader's reason.
    package init(library path: String) throws(VisionError) {
        var message = [CChar](repeating: 0, count: 512)
        guard let handle = spotter_ort_open(path, &message, message.count) else {
            throw VisionError(
                .runtimeUnavailable,
                "ONNX Runtime could not be loaded from \(path): \(Self.text(message))")
        }
        self.handle = handle
    }

    deinit { spotter_ort_close(handle) }

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
