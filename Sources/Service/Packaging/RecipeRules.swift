package import FoundationEssentials
import Wire

/// The rules that a recipe must meet so that every nucleus takes it.
package enum RecipeRules {
    /// The C nucleus reads 8,196 bytes.
    package static let recipeBytesMax = 8000
    static let scriptBytesMax = 2000
    static let descriptionCharactersMax = 2000
    static let nameCharactersMax = 128
    static let versionCharactersMax = 64
    static let versionNumberMax = 999_999

    private static let keys: Set<String> = [
        "RecipeFormatVersion", "ComponentName", "ComponentVersion", "ComponentType",
        "ComponentDescription", "ComponentPublisher", "ComponentConfiguration",
        "ComponentDependencies", "Manifests", "ComponentSource",
    ]
    private static let phases: Set<String> = ["install", "run"]

    /// - Parameter recipe: JSON.
    /// - Returns: one sentence for each broken rule, with the path of the member.
    package static func violations(in recipe: Data) -> [String] {
        guard recipe.count <= recipeBytesMax else {
            return ["The recipe has \(recipe.count) bytes; at most \(recipeBytesMax) are read."]
        }
        guard let document = try? JSONValue(parsing: recipe), let root = document.object else {
            return ["The recipe is not a JSON object."]
        }
        var found = root.keys.sorted().filter { !keys.contains($0) }.map {
            "\($0) is no member of a recipe."
        }
        if root["RecipeFormatVersion"]?.string != "2020-01-25" {
            found.append("RecipeFormatVersion must be 2020-01-25.")
        }
        found += identity(root)
        found += dependencies(root["ComponentDependencies"])
        let manifests: [JSONValue]
        if case .array(let items) = root["Manifests"] { manifests = items } else { manifests = [] }
        if manifests.isEmpty { found.append("Manifests must have at least one manifest.") }
        for (index, manifest) in manifests.enumerated() {
            found += violations(in: manifest.object ?? [:], at: "Manifests[\(index)]")
        }
        return found + order(manifests)
    }

    private static func identity(_ root: [String: JSONValue]) -> [String] {
        var found: [String] = []
        let name = root["ComponentName"]?.string ?? ""
        if name.isEmpty || name.count > nameCharactersMax || name == "." || name == ".."
            || !matches(name, #"[a-zA-Z0-9\-_.]+"#)
        {
            found.append(
                "ComponentName must have 1 to \(nameCharactersMax) of letters, digits, '-', '_', "
                    + "'.' and not be '.' or '..'.")
        }
        let version = root["ComponentVersion"]?.string ?? ""
        let numbers = version.split(separator: ".", omittingEmptySubsequences: false).map {
            Int($0)
        }
        if version.count > versionCharactersMax || !matches(version, #"[0-9]+\.[0-9]+\.[0-9]+"#)
            || numbers.contains(where: { ($0 ?? .max) > versionNumberMax })
        {
            found.append(
                "ComponentVersion must be MAJOR.MINOR.PATCH, each at most \(versionNumberMax).")
        }
        if (root["ComponentDescription"]?.string?.count ?? 0) > descriptionCharactersMax {
            found.append(
                "ComponentDescription must have at most \(descriptionCharactersMax) characters.")
        }
        return found
    }

    private static func dependencies(_ value: JSONValue?) -> [String] {
        (value?.object ?? [:]).sorted { $0.key < $1.key }.flatMap { name, dependency in
            var found: [String] = []
            let range = dependency.object?["VersionRequirement"]?.string ?? ""
            let comparison = #"(=|>|>=|<|<=)[0-9]+\.[0-9]+\.[0-9]+"#
            if !matches(range, "\(comparison)( \(comparison))*") {
                found.append(
                    "ComponentDependencies.\(name).VersionRequirement must be comparisons "
                        + "separated by spaces, like '>=1.0.0 <2.0.0'.")
            }
            let type = dependency.object?["DependencyType"]?.string ?? "HARD"
            if type != "HARD", type != "SOFT" {
                found.append("ComponentDependencies.\(name).DependencyType must be HARD or SOFT.")
            }
            return found
        }
    }

    private static func violations(in manifest: [String: JSONValue], at path: String) -> [String] {
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
        if case .array(let artifacts) = manifest["Artifacts"] {
            for (index, artifact) in artifacts.enumerated() {
                found += self.artifact(artifact.object ?? [:], "\(path).Artifacts[\(index)]")
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
            if runsOnLite, matches(script, #"(?s).*\{[^:}]+:artifacts:[^}]*\}.*"#) {
                found.append(
                    "\(path).\(phase).Script must not name another component's artifacts: the C "
                        + "nucleus does not resolve them.")
            }
            return found
        }
    }

    private static func artifact(_ artifact: [String: JSONValue], _ path: String) -> [String] {
        var found: [String] = []
        for key in artifact.keys.sorted()
        where !["Uri", "Unarchive", "Permission", "Digest", "Algorithm"].contains(key) {
            found.append("\(path).\(key) is no member of an artifact.")
        }
        if !(artifact["Uri"]?.string ?? "").hasPrefix("s3://") {
            found.append("\(path).Uri must be s3://BUCKET/KEY.")
        }
        if let unarchive = artifact["Unarchive"]?.string, !["NONE", "ZIP"].contains(unarchive) {
            found.append("\(path).Unarchive must be NONE or ZIP.")
        }
        for (key, value) in artifact["Permission"]?.object ?? [:]
        where !["NONE", "OWNER", "ALL"].contains(value.string ?? "")
            || !["Read", "Execute"].contains(key)
        {
            found.append("\(path).Permission.\(key) must be Read or Execute: NONE, OWNER or ALL.")
        }
        if let digest = artifact["Digest"]?.string {
            if Data(base64Encoded: digest)?.count != 32 {
                found.append("\(path).Digest must be base64 of 32 bytes.")
            }
            if artifact["Algorithm"]?.string != "SHA-256" {
                found.append("\(path).Algorithm must be SHA-256.")
            }
        }
        return found
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

    private static func matches(_ text: String, _ pattern: String) -> Bool {
        guard let regex = try? Regex(pattern) else { return false }
        return (try? regex.wholeMatch(in: text)) != nil
    }
}
