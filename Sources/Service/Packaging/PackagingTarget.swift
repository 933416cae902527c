import FoundationEssentials
import Storage
import Vision
import Wire

/// What a package is made for, read from the request and checked.
struct PackagingTarget: Sendable, Equatable {
    /// Greengrass' word for the processor: `amd64` or `aarch64`.
    let architecture: String
    let manifest: ModelManifest.Target
    let precision: Precision

    /// How weights are stored. Spotter's own compiler option.
    enum Precision: String, Sendable { case float32, float16 }

    private static let nvidiaKeys = ["gpu-code", "trt-ver", "cuda-ver"]
    private static let processorKeys = ["mcpu", "precision"]
    private static let patterns: [String: (pattern: String, example: String)] = [
        "gpu-code": (#"sm_[0-9]{2,3}"#, "sm_72"),
        "trt-ver": (#"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}"#, "8.2.1"),
        "cuda-ver": (#"[0-9]{1,3}\.[0-9]{1,3}"#, "10.2"),
        "precision": ("float32|float16", "float16"),
        "mcpu": (#"[a-z0-9][a-z0-9._+-]{0,63}"#, "core-avx2"),
    ]

    /// - Throws: `validation` when target device and platform are both given or both missing, or
    ///   the compiler options do not suit them; the message names the key.
    init(_ configuration: GreengrassConfiguration) throws(WireError) {
        let path = "Configuration.Greengrass"
        let options = try Self.options(configuration.compilerOptions)
        precision = options["precision"].flatMap(Precision.init) ?? .float32
        switch (configuration.targetDevice, configuration.targetPlatform) {
        case (nil, nil), (.some, .some):
            throw .validation("\(path): exactly one of TargetDevice and TargetPlatform is needed.")
        case (.some(let device), nil):
            try Self.check(options, allowed: Self.nvidiaKeys, required: [], for: device)
            architecture = "aarch64"
            manifest = ModelManifest.Target(
                device: device, os: "LINUX", arch: "ARM64", accelerator: "NVIDIA",
                compilerOptions: options)
        case (nil, .some(let platform)):
            let isNvidia = platform.accelerator == "NVIDIA"
            try Self.check(
                options, allowed: isNvidia ? Self.nvidiaKeys : Self.processorKeys,
                required: isNvidia ? Self.nvidiaKeys : [],
                for: isNvidia ? "a platform with an NVIDIA accelerator" : "a platform without one")
            architecture = platform.arch == "ARM64" ? "aarch64" : "amd64"
            var resolved = options
            if !isNvidia, platform.arch == "X86_64", resolved["mcpu"] == nil {
                resolved["mcpu"] = "core-avx2"
            }
            manifest = ModelManifest.Target(
                device: nil, os: platform.os, arch: platform.arch,
                accelerator: platform.accelerator, compilerOptions: resolved)
        }
    }

    private static func options(_ text: String?) throws(WireError) -> [String: String] {
        guard let text else { return [:] }
        guard let object = (try? JSONValue(parsing: Data(text.utf8)))?.object else {
            throw .validation(
                "CompilerOptions must be a JSON object in a string, like "
                    + #"{"gpu-code": "sm_75", "trt-ver": "7.1.3", "cuda-ver": "10.2"}."#)
        }
        var options: [String: String] = [:]
        for (key, value) in object.sorted(by: { $0.key < $1.key }) {
            guard let (pattern, example) = patterns[key] else {
                throw .validation(
                    "CompilerOptions: the key '\(key.prefix(80))' is unknown; "
                        + "\(patterns.keys.sorted().joined(separator: ", ")) are known.")
            }
            guard let text = value.string, let regex = try? Regex(pattern),
                (try? regex.wholeMatch(in: text)) != nil
            else {
                throw .validation(
                    "CompilerOptions: the value of '\(key)' must be a string like \(example).")
            }
            options[key] = text
        }
        return options
    }

    private static func check(
        _ options: [String: String], allowed: [String], required: [String], for target: String
    ) throws(WireError) {
        for key in options.keys.sorted() where !allowed.contains(key) {
            throw .validation(
                "CompilerOptions: '\(key)' does not belong to \(target), which takes "
                    + "\(allowed.joined(separator: ", ")).")
        }
        for key in required where options[key] == nil {
            throw .validation("CompilerOptions: '\(key)' is needed for \(target).")
        }
    }
}

extension GreengrassConfiguration {
    /// A longer project name would make a file name that no file system takes.
    private static let stemProjectCharactersMax = 100

    /// Name of the archive without its suffix, which is also the folder it is unpacked to.
    static func archiveStem(project: String, modelVersion: String) -> String {
        "\(project.prefix(stemProjectCharactersMax))-\(modelVersion)_greengrass_model_component"
    }

    /// Where the archive of a packaging job goes.
    func archive(project: String, modelVersion: String, componentVersion: String)
        -> ObjectLocation
    {
        let stem = Self.archiveStem(project: project, modelVersion: modelVersion)
        return ObjectLocation(
            bucket: s3OutputLocation.bucket,
            key: s3OutputLocation.key("\(componentName)/\(componentVersion)/\(stem).zip"))
    }
}
