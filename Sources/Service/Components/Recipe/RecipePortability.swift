import Wire

/// What not every nucleus takes: Greengrass Lite reads less than the Java nucleus, and neither
/// reports what it ignores. Our own recipes must break none of these rules; a user's recipe may.
enum RecipePortability {
    /// Lite reads 8,196 bytes.
    static let recipeBytesMax = 8000
    /// What the registry adds to an artifact that has no digest yet.
    private static let digestBytes = 128
    private static let scriptBytesMax = 2000
    private static let descriptionCharactersMax = 2000

    private static let keys: Set<String> = [
        "RecipeFormatVersion", "ComponentName", "ComponentVersion", "ComponentType",
        "ComponentDescription", "ComponentPublisher", "ComponentConfiguration",
        "ComponentDependencies", "Manifests", "ComponentSource",
    ]
    private static let phases: Set<String> = ["install", "run"]

    /// - Parameters:
    ///   - root: without errors of `RecipeRules`.
    ///   - bytes: of the recipe as it was written.
    /// - Returns: one sentence for each broken rule, with the path of the member.
    static func violations(in root: [String: JSONValue], bytes: Int) -> [String] {
        var found = root.keys.sorted().filter { !keys.contains($0) }.map {
            "\($0.prefix(80)) is no member of a recipe that every nucleus reads."
        }
        let manifests = root["Manifests"]?.array ?? []
        let undigested = manifests.flatMap { $0.object?["Artifacts"]?.array ?? [] }.count {
            $0.object?["Digest"] == nil
        }
        let complete = bytes + undigested * digestBytes
        if complete > recipeBytesMax {
            found.append(
                "The recipe has \(complete) bytes with its digests; at most \(recipeBytesMax) are "
                    + "read.")
        }
        if (root["ComponentDescription"]?.string?.count ?? 0) > descriptionCharactersMax {
            found.append(
                "ComponentDescription must have at most \(descriptionCharactersMax) characters.")
        }
        found += dependencies(root["ComponentDependencies"]?.object ?? [:])
        if manifests.isEmpty { found.append("Manifests must have at least one manifest.") }
        for (index, manifest) in manifests.enumerated() {
            found += violations(inManifest: manifest.object ?? [:], "Manifests[\(index)]")
        }
        return found + order(manifests)
    }

    private static func dependencies(_ dependencies: [String: JSONValue]) -> [String] {
        dependencies.sorted { $0.key < $1.key }.compactMap { name, dependency in
            let range = dependency.object?["VersionRequirement"]?.string ?? ""
            return VersionRange.isPortable(range)
                ? nil
                : "ComponentDependencies.\(name).VersionRequirement must be comparisons separated "
                    + "by spaces, like '>=1.0.0 <2.0.0'."
        }
    }

    private static func violations(inManifest manifest: [String: JSONValue], _ path: String)
        -> [String]
    {
        var found: [String] = []
        let platform = manifest["Platform"]?.object ?? [:]
        for key in platform.keys.sorted() where !["os", "architecture", "runtime"].contains(key) {
            found.append("\(path).Platform.\(key) is no attribute that every nucleus knows.")
        }
        if platform["os"]?.string != "linux" {
            found.append("\(path).Platform.os must be linux.")
        }
        if let architecture = platform["architecture"]?.string,
            !["amd64", "aarch64"].contains(architecture)
        {
            found.append("\(path).Platform.architecture must be amd64 or aarch64.")
        }
        if let runtime = platform["runtime"]?.string, !["aws_nucleus_lite", "*"].contains(runtime) {
            found.append("\(path).Platform.runtime must be aws_nucleus_lite, * or absent.")
        }
        let runsOnLite = platform["runtime"] != nil
        found += lifecycle(manifest["Lifecycle"]?.object ?? [:], "\(path).Lifecycle", runsOnLite)
        for (index, artifact) in (manifest["Artifacts"]?.array ?? []).enumerated() {
            let known = ["Uri", "Unarchive", "Permission", "Digest", "Algorithm"]
            let members = artifact.object ?? [:]
            for key in members.keys.sorted() where !known.contains(key) {
                found.append("\(path).Artifacts[\(index)].\(key) is no member of an artifact.")
            }
            if members["Uri"]?.string?.hasPrefix("s3://") != true {
                found.append("\(path).Artifacts[\(index)].Uri must be s3://BUCKET/KEY.")
            }
        }
        return found
    }

    private static func lifecycle(
        _ lifecycle: [String: JSONValue], _ path: String, _ runsOnLite: Bool
    ) -> [String] {
        guard !lifecycle.isEmpty else {
            return ["\(path) must have a phase, or the C nucleus fails the component."]
        }
        return lifecycle.sorted { $0.key < $1.key }.flatMap { phase, step -> [String] in
            guard phases.contains(phase) else {
                return ["\(path).\(phase) is no phase that every nucleus runs; use install or run."]
            }
            let script = step.string ?? step.object?["Script"]?.string ?? ""
            var found: [String] = []
            if script.isEmpty { found.append("\(path).\(phase).Script is missing.") }
            if script.utf8.count > scriptBytesMax {
                found.append("\(path).\(phase).Script must have at most \(scriptBytesMax) bytes.")
            }
            if runsOnLite, script.contains("${") || script.contains("() {") {
                found.append(
                    "\(path).\(phase).Script must not use ${X} or f() { }: the C nucleus kills "
                        + "the component.")
            }
            if runsOnLite, namesOtherArtifacts(script) {
                found.append(
                    "\(path).\(phase).Script must not name another component's artifacts: the C "
                        + "nucleus does not resolve them.")
            }
            return found
        }
    }

    /// Whether a script has something like `{com.example.Other:artifacts:path}`.
    private static func namesOtherArtifacts(_ script: String) -> Bool {
        script.split(separator: "{").dropFirst().contains { part in
            let words = part.prefix { $0 != "}" }.split(
                separator: ":", omittingEmptySubsequences: false)
            return words.count >= 3 && words[1] == "artifacts"
        }
    }

    /// The first matching manifest wins, so a general one must not stand before a special one.
    private static func order(_ manifests: [JSONValue]) -> [String] {
        let platforms = manifests.map { $0.object?["Platform"]?.object ?? [:] }
        for (index, platform) in platforms.enumerated() {
            for earlier in platforms.prefix(index)
            where earlier["architecture"] == platform["architecture"]
                && earlier["runtime"] == platform["runtime"]
            {
                return ["Manifests[\(index)] can never match: one before it has its platform."]
            }
        }
        return []
    }
}
