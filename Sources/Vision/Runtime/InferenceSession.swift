import COnnxRuntime
package import FoundationEssentials

/// A model that is loaded and ready to run. Runs may overlap.
package final class InferenceSession: @unchecked Sendable {  // ONNX Runtime's sessions allow it
    private let runtime: OnnxRuntime
    private let handle: OpaquePointer

    /// - Parameters:
    ///   - model: an ONNX file.
    ///   - threads: cores that one run may use.
    ///   - providers: in order of preference; what they do not take runs on the CPU.
    package init(
        runtime: OnnxRuntime, model: Data, threads: Int, providers: [ExecutionProvider] = []
    ) throws(VisionError) {
        self.runtime = runtime
        let scope = Scope()
        let list = providers.map { scope.provider($0) }
        var message = [CChar](repeating: 0, count: 1024)
        let capacity = message.count
        let opened = model.withUnsafeBytes { bytes in
            spotter_ort_session_open(
                runtime.handle, bytes.baseAddress, bytes.count, Int32(threads), list, list.count,
                &message, capacity)
        }
        guard let opened else {
            throw VisionError(
                .invalidModel, "The model could not be loaded: \(OnnxRuntime.text(message))")
        }
        handle = opened
        withExtendedLifetime(scope) {}
    }

    deinit { spotter_ort_session_close(handle) }

    /// - Returns: the tensors named by `outputs`, in their order.
    /// - Throws: `invalidModel`, also when it takes longer than the runtime lets a run take;
    ///   `cancelled` when the process ends.
    package func run(_ inputs: [(name: String, value: InputTensor)], outputs: [String])
        throws(VisionError) -> [Tensor]
    {
        try runtime.withRun { run throws(VisionError) in
            try self.run(inputs, outputs: outputs, run)
        }
    }

    private func run(
        _ inputs: [(name: String, value: InputTensor)], outputs: [String], _ run: GraphRun
    ) throws(VisionError) -> [Tensor] {
        let scope = Scope()
        let prepared = inputs.map { scope.input($0.name, $0.value) }
        let names = outputs.map { scope.string($0) }
        var values = [OpaquePointer?](repeating: nil, count: outputs.count)
        defer { for value in values { spotter_ort_value_release(handle, value) } }
        var message = [CChar](repeating: 0, count: 1024)
        let capacity = message.count
        guard
            spotter_ort_run(
                handle, run.options, prepared, prepared.count, names, names.count, &values,
                &message, capacity)
                == 0
        else {
            throw VisionError(
                .invalidModel, "The model could not be run: \(OnnxRuntime.text(message))")
        }
        var tensors: [Tensor] = []
        for value in values { tensors.append(try tensor(value)) }
        return tensors
    }

    private func tensor(_ value: OpaquePointer?) throws(VisionError) -> Tensor {
        var shape = [Int64](repeating: 0, count: 8)
        var (rank, count) = (shape.count, 0)
        var data: UnsafePointer<Float>?
        var message = [CChar](repeating: 0, count: 512)
        let capacity = message.count
        guard
            spotter_ort_value_floats(
                handle, value, &data, &count, &shape, &rank, &message, capacity) == 0
        else {
            throw VisionError(
                .invalidModel, "An output could not be read: \(OnnxRuntime.text(message))")
        }
        return Tensor(
            shape: shape.prefix(rank).map(Int.init),
            values: Array(UnsafeBufferPointer(start: data, count: count)))
    }

    /// Memory that C reads during one run.
    private final class Scope {
        private var allocations: [UnsafeMutableRawPointer] = []

        deinit { for pointer in allocations { pointer.deallocate() } }

        func copy<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
            let bytes = max(1, elements.count * MemoryLayout<Element>.stride)
            let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
            allocations.append(raw)
            let typed = raw.bindMemory(to: Element.self, capacity: elements.count)
            typed.initialize(from: elements, count: elements.count)
            return typed
        }

        func string(_ text: String) -> UnsafePointer<CChar>? {
            UnsafePointer(copy(Array(text.utf8CString)))
        }

        func provider(_ provider: ExecutionProvider) -> spotter_ort_provider {
            let kind =
                switch provider.kind {
                case .cuda: SPOTTER_ORT_CUDA
                case .tensorRT: SPOTTER_ORT_TENSORRT
                }
            return spotter_ort_provider(
                kind: Int32(kind), keys: copy(provider.options.map { string($0.key) }),
                values: copy(provider.options.map { string($0.value) }),
                count: provider.options.count)
        }

        func input(_ name: String, _ value: InputTensor) -> spotter_ort_input {
            switch value {
            case .floats(let tensor):
                spotter_ort_input(
                    name: string(name), element_type: Int32(SPOTTER_ORT_FLOAT),
                    shape: copy(tensor.shape.map(Int64.init)), rank: tensor.shape.count,
                    data: copy(tensor.values), bytes: tensor.values.count * 4)
            case .bytes(let shape, let values):
                spotter_ort_input(
                    name: string(name), element_type: Int32(SPOTTER_ORT_UINT8),
                    shape: copy(shape.map(Int64.init)), rank: shape.count,
                    data: copy(values), bytes: values.count)
            }
        }
    }
}

/// An input of a session.
package enum InputTensor: Sendable {
    case floats(Tensor)
    case bytes(shape: [Int], values: [UInt8])
}
