import Base
import FoundationEssentials
import Storage
import Vision
import Wire

extension PackagingTarget.Device {
    private static let nvidiaKeys = ["gpu-code", "trt-ver", "cuda-ver"]
    private static let processorKeys = ["mcpu", "precision"]
    private static let patterns: [String: (pattern: String, example: String)] = [
        "gpu-code": (#"sm_[0-9]{2,3}"#, "sm_72"),
        "trt-ver": (#"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}"#, "8.2.1"),
        "cuda-ver": (#"[0-9]{1,3}\.[0-9]{1,3}"#, "10.2"),
        "precision": ("float32|float16", "float16"),
        "mcpu": (#"[a-z0-9][a-z0-9._+-]{0,63}"#, "core-avx2"),
    ]

    /// Reads TargetDevice, TargetPlatform and CompilerOptions of a request.
    ///
    /// - Throws: `validation` when target device and platform are both given or both missing, or
    ///   the compiler options do not suit them; the message names the key.
    init(resolving configuration: GreengrassConfiguration) throws(WireError) {
        let path = "Configuration.Greengrass"
        let options = try Self.options(configuration.compilerOptions)
        switch (configuration.targetDevice, configuration.targetPlatform) {
        case (nil, nil), (.some, .some):
            throw .validation("\(path): exactly one of TargetDevice and TargetPlatform is needed.")
        case (.some(let device), nil):
            try Self.check(options, allowed: Self.nvidiaKeys, required: [], for: device)
            self.init(
                architecture: "aarch64", name: device, os: "LINUX", arch: "ARM64",
                accelerator: "NVIDIA", compilerOptions: options)
        case (nil, .some(let platform)):
            let isNvidia = platform.accelerator == "NVIDIA"
            try Self.check(
                options, allowed: isNvidia ? Self.nvidiaKeys : Self.processorKeys,
                required: isNvidia ? Self.nvidiaKeys : [],
                for: isNvidia ? "a platform with an NVIDIA accelerator" : "a platform without one")
            var resolved = options
            if !isNvidia, platform.arch == "X86_64", resolved["mcpu"] == nil {
                resolved["mcpu"] = "core-avx2"
            }
            self.init(
                architecture: platform.arch == "ARM64" ? "aarch64" : "amd64", name: nil,
                os: platform.os, arch: platform.arch, accelerator: platform.accelerator,
                compilerOptions: resolved)
        }
    }

    /// How the package is to store weights.
    var precision: PackagingPrecision {
        compilerOptions["precision"].flatMap(PackagingPrecision.init) ?? .float32
    }

    /// What the manifest of the package says of the device.
    var manifest: ModelManifest.Target {
        ModelManifest.Target(
            device: name, os: os, arch: arch, accelerator: accelerator,
            compilerOptions: compilerOptions)
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

/// How weights are stored in a package: Spotter's own compiler option. `float16` is a wish, which
/// `PackageBuilder` measures before it grants it.
enum PackagingPrecision: String, Sendable { case float32, float16 }

extension PackagingTarget {
    /// What a job of `configuration` is to make.
    ///
    /// - Throws: `validation`, as the members of `configuration` do, and for a version that no
    ///   component can have.
    init(
        _ configuration: GreengrassConfiguration, component: ComponentName, device: Device,
        project: String, modelVersion: Int
    ) throws(WireError) {
        let text = configuration.componentVersion(ofModel: String(modelVersion))
        guard let version = ComponentVersion(text), version.isSemantic else {
            throw .validation(
                "Configuration.Greengrass.ComponentVersion: \(RecipeRules.versionRule)")
        }
        self.init(
            component: component, version: version,
            archive: configuration.archive(
                project: project, modelVersion: String(modelVersion), componentVersion: text),
            device: device)
    }
}

extension GreengrassConfiguration {
    /// The name of the component to make.
    ///
    /// - Throws: `validation` for the two names that the API's pattern lets pass and no component
    ///   can have.
    func component() throws(WireError) -> ComponentName {
        guard let name = ComponentName(componentName) else {
            throw .validation("Configuration.Greengrass.ComponentName must not be '.' or '..'.")
        }
        return name
    }

    /// The component version to make: the one asked for, or the model's number.
    func componentVersion(ofModel version: String) -> String {
        componentVersion ?? "\(version).0.0"
    }

    /// A longer project name would make a file name that no file system takes.
    private static let stemProjectCharactersMax = 100

    /// Where the archive of a packaging job goes. Its name without the suffix is also the folder
    /// that it is unpacked to.
    func archive(project: String, modelVersion: String, componentVersion: String)
        -> ObjectLocation
    {
        let stem =
            "\(project.prefix(Self.stemProjectCharactersMax))-\(modelVersion)"
            + "_greengrass_model_component"
        return ObjectLocation(
            bucket: s3OutputLocation.bucket,
            key: s3OutputLocation.key(below: "\(componentName)/\(componentVersion)/\(stem).zip"))
    }
}
