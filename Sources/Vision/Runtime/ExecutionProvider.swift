/// A GPU that a session may use before the CPU.
package struct ExecutionProvider: Sendable, Equatable {
    /// Values are ONNX Runtime's names.
    package enum Kind: String, Sendable {
        case cuda = "CUDAExecutionProvider"
        case tensorRT = "TensorrtExecutionProvider"
    }

    /// CUDA, or TensorRT on top of it.
    package let kind: Kind
    let options: [(key: String, value: String)]

    package static func == (left: Self, right: Self) -> Bool {
        left.kind == right.kind && left.options.elementsEqual(right.options, by: ==)
    }

    /// Full precision, so that a GPU judges as the server does.
    ///
    /// - Parameter engineCache: folder for TensorRT's engines, which take minutes to build.
    package static func gpu(_ kind: Kind, engineCache: String?) -> ExecutionProvider {
        switch kind {
        case .cuda:
            return ExecutionProvider(kind: kind, options: [("device_id", "0"), ("use_tf32", "0")])
        case .tensorRT:
            var options = [("device_id", "0"), ("trt_fp16_enable", "0"), ("trt_int8_enable", "0")]
            if let engineCache {
                options += [
                    ("trt_engine_cache_enable", "1"), ("trt_engine_cache_path", engineCache),
                ]
            }
            return ExecutionProvider(kind: kind, options: options)
        }
    }
}
