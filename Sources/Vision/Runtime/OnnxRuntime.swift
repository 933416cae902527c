import COnnxRuntime

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
