import FoundationEssentials
package import Vision

/// What this device can compute with.
package struct Device: Sendable {
    /// Flags of /proc/cpuinfo: `avx2`, `asimd` and so on.
    package let processorFlags: Set<String>
    /// `amd64` or `aarch64`.
    package let architecture: String
    /// ONNX Runtime's names of its execution providers.
    package let providers: [String]
    /// Where CUDA and TensorRT tell their versions.
    let systemRoot: String
    /// For TensorRT's engines; nil keeps none.
    let engineCache: String?

    /// For tests; `current` describes the machine that runs the agent.
    package init(
        processorFlags: Set<String>, architecture: String, providers: [String],
        systemRoot: String = "", engineCache: String? = nil
    ) {
        self.processorFlags = processorFlags
        self.architecture = architecture
        self.providers = providers
        self.systemRoot = systemRoot
        self.engineCache = engineCache
    }

    /// Looks at this machine.
    package static func current(runtime: OnnxRuntime, engineCache: String? = nil) -> Device {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first {
            $0.hasPrefix("flags") || $0.hasPrefix("Features")
        }
        let flags = line?.split(separator: ":").last?.split(separator: " ").map(String.init) ?? []
        #if arch(arm64)
            let architecture = "aarch64"
        #else
            let architecture = "amd64"
        #endif
        return Device(
            processorFlags: Set(flags), architecture: architecture,
            providers: runtime.availableProviders, engineCache: engineCache)
    }

    /// Whether the runtime knows a GPU, whose engines may take minutes to build.
    var hasGPU: Bool {
        [ExecutionProvider.Kind.tensorRT, .cuda].contains { providers.contains($0.rawValue) }
    }

    /// How a model is to be computed here.
    package struct Plan: Sendable {
        /// In order of preference. Empty: ONNX Runtime's CPU provider computes everything.
        package var providers: [ExecutionProvider] = []
        /// For people.
        package var name = "CPU"
        /// Sentences about what the package was made for and this device lacks; shown with the
        /// model.
        package var warnings: [String] = []
    }

    /// Flags that `mcpu` promises, by LLVM's names of processors.
    private static let flags: [(prefix: String, flag: String)] = [
        ("core-avx2", "avx2"), ("haswell", "avx2"), ("broadwell", "avx2"), ("znver", "avx2"),
        ("skylake-avx512", "avx512f"), ("cascadelake", "avx512f"), ("icelake", "avx512f"),
        ("sapphirerapids", "avx512f"), ("skylake", "avx2"), ("core-avx", "avx"),
        ("sandybridge", "avx"), ("ivybridge", "avx"), ("x86-64-v4", "avx512f"),
        ("x86-64-v3", "avx2"), ("cortex-a", "asimd"), ("neoverse", "asimd"),
    ]

    /// - Throws: `invalidModel` when the device lacks what the package was made for and may not do
    ///   without.
    package func plan(for manifest: ModelManifest, _ settings: ModelSettings) throws(VisionError)
        -> Plan
    {
        var plan = Plan()
        let target = manifest.target
        if let arch = target?.arch {
            let made = arch == "ARM64" ? "aarch64" : "amd64"
            if made != architecture {
                plan.warnings.append(
                    "The package was made for \(made), this device is \(architecture).")
            }
        }
        let isForGPU = target?.accelerator == "NVIDIA"
        switch settings.accelerator ?? .package {
        case .cpu: break
        case .package where !isForGPU: plan.warnings += processorWarnings(target)
        case .package: addGPU(&plan, target, [.tensorRT, .cuda])
        case .tensorRT: addGPU(&plan, target, [.tensorRT, .cuda])
        case .cuda: addGPU(&plan, target, [.cuda])
        }
        guard plan.warnings.isEmpty || settings.fallback ?? true else {
            throw VisionError(
                .invalidModel,
                plan.warnings.joined(separator: " ")
                    + " Fallback=false forbids to go on; package the model for this device, or "
                    + "set Fallback=true.")
        }
        return plan
    }

    private func processorWarnings(_ target: ModelManifest.Target?) -> [String] {
        guard let name = target?.compilerOptions["mcpu"],
            let (_, flag) = Self.flags.first(where: { name.hasPrefix($0.prefix) }),
            !processorFlags.contains(flag)
        else { return [] }
        return [
            "The package was made for \(name), but this processor has no \(flag); it computes the "
                + "same, only slower."
        ]
    }

    private func addGPU(
        _ plan: inout Plan, _ target: ModelManifest.Target?, _ kinds: [ExecutionProvider.Kind]
    ) {
        let present = kinds.filter { providers.contains($0.rawValue) }
        guard !present.isEmpty else {
            plan.warnings.append(
                "ONNX Runtime here has none of "
                    + kinds.map(\.rawValue).joined(separator: ", ")
                    + "; the model runs on the CPU. Install the vendor's build and set "
                    + "SPOTTER_ONNX_RUNTIME.")
            return
        }
        plan.providers = present.map { .gpu($0, engineCache: engineCache) }
        plan.name = present.map(\.rawValue).joined(separator: ", ") + ", CPU"
        let options = target?.compilerOptions ?? [:]
        for (key, found) in [("cuda-ver", cudaVersion()), ("trt-ver", tensorRTVersion())] {
            guard let wanted = options[key], let found, !found.hasPrefix(wanted) else { continue }
            plan.warnings.append("The package was made for \(key) \(wanted), here is \(found).")
        }
    }

    /// From the toolkit's version.json; nil when it is not there.
    private func cudaVersion() -> String? {
        struct File: Decodable {
            struct Entry: Decodable { var version: String }
            var cuda: Entry
        }
        let path = "\(systemRoot)/usr/local/cuda/version.json"
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return (try? JSONDecoder().decode(File.self, from: data))?.cuda.version
    }

    /// From the library's file name, `libnvinfer.so.8.2.1`.
    private func tensorRTVersion() -> String? {
        for folder in ["/usr/lib/aarch64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/usr/lib"] {
            let names = try? FileManager.default.contentsOfDirectory(
                atPath: "\(systemRoot)\(folder)")
            let prefix = "libnvinfer.so."
            let versions = (names ?? []).filter { $0.hasPrefix(prefix) }.map {
                String($0.dropFirst(prefix.count))
            }
            if let longest = versions.max(by: { $0.count < $1.count }), longest.contains(".") {
                return longest
            }
        }
        return nil
    }
}
