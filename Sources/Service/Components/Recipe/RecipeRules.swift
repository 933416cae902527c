import Base
import FoundationEssentials
import Storage
import Wire

/// The rules that a recipe must meet to become a component, as Greengrass has them. What not every
/// nucleus takes is for `RecipePortability`.
enum RecipeRules {
    private static let keys: Set<String> = [
        "recipeformatversion", "componentname", "componentversion", "componenttype",
        "componentdescription", "componentpublisher", "componentconfiguration",
        "componentdependencies", "componentsource", "manifests", "lifecycle",
    ]
    private static let types = [
        "aws.greengrass.generic", "aws.greengrass.plugin", "aws.greengrass.nucleus",
        "aws.greengrass.lambda",
    ]
    private static let phases: Set<String> = [
        "bootstrap", "install", "startup", "run", "shutdown", "recover",
    ]
    /// The longest name of a file that file systems take.
    private static let fileNameBytesMax = 255

    /// Both levels at once, for recipes that every nucleus must take.
    ///
    /// - Parameter bytes: size of the recipe as it is written.
    /// - Returns: one sentence for each broken rule, with the path of the member.
    static func violations(in root: [String: JSONValue], bytes: Int) -> [String] {
        errors(in: root) + RecipePortability.violations(in: root, bytes: bytes)
    }

    /// - Returns: one sentence for each broken rule, with the path of the member.
    static func errors(in root: [String: JSONValue]) -> [String] {
        var found = root.keys.sorted().filter { !keys.contains($0.lowercased()) }.map {
            "\($0.prefix(80)) is no member of a recipe."
        }
        found += ambiguity(root, "")
        if root.member("RecipeFormatVersion")?.string != "2020-01-25" {
            found.append("RecipeFormatVersion must be 2020-01-25.")
        }
        found += identity(root)
        if let version = ComponentVersion(root.member("ComponentVersion")?.string ?? ""),
            !version.isSemantic
        {
            found.append(versionRule)
        }
        for name in ["ComponentDescription", "ComponentPublisher", "ComponentSource"] {
            found += text(root, name, "")
        }
        if let type = root.member("ComponentType"), !types.contains(type.string ?? "") {
            found.append("ComponentType must be one of \(types.joined(separator: ", ")).")
        }
        if let configuration = root.member("ComponentConfiguration") {
            if configuration.object == nil {
                found.append("ComponentConfiguration must be an object.")
            } else {
                found += ambiguity(configuration.object ?? [:], "ComponentConfiguration.")
            }
        }
        found += dependencies(root.member("ComponentDependencies"))
        if let lifecycle = root.member("Lifecycle"), lifecycle.object == nil {
            found.append("Lifecycle must be an object.")
        }
        guard let manifests = root.member("Manifests")?.array else {
            return found + ["Manifests must be a list."]
        }
        for (index, manifest) in manifests.enumerated() {
            found += errors(inManifest: manifest, "Manifests[\(index)]")
        }
        return found
    }

    private static func ambiguity(_ object: [String: JSONValue], _ path: String) -> [String] {
        let names = object.ambiguousKeys
        guard !names.isEmpty else { return [] }
        return ["\(path)\(names.joined(separator: ", ").prefix(200)) differ only by case."]
    }

    private static func text(_ object: [String: JSONValue], _ name: String, _ path: String)
        -> [String]
    {
        guard let value = object.member(name), value.string == nil else { return [] }
        return ["\(path)\(name) must be a text."]
    }

    static let nameRule =
        "ComponentName must have 1 to \(ComponentName.charactersMax) of letters, digits, '-', '_', "
        + "'.' and not be '.' or '..'."
    static let versionRule =
        "ComponentVersion must be MAJOR.MINOR.PATCH, each at most \(ComponentVersion.numberMax) and "
        + "without zeros before it, like 1.2.3."

    /// The rules of the two members without which nothing has a name.
    static func identity(_ root: [String: JSONValue]) -> [String] {
        var found: [String] = []
        if ComponentName(root.member("ComponentName")?.string ?? "") == nil {
            found.append(nameRule)
        }
        if ComponentVersion(root.member("ComponentVersion")?.string ?? "") == nil {
            found.append(versionRule)
        }
        return found
    }

    private static func dependencies(_ value: JSONValue?) -> [String] {
        guard let value else { return [] }
        guard let dependencies = value.object else {
            return ["ComponentDependencies must be an object."]
        }
        return dependencies.sorted { $0.key < $1.key }.flatMap { name, dependency -> [String] in
            let path = "ComponentDependencies.\(name.prefix(ComponentName.charactersMax))"
            guard ComponentName(name) != nil else { return ["\(path) is no name of a component."] }
            guard let members = dependency.object else { return ["\(path) must be an object."] }
            var found = ambiguity(members, "\(path).")
            if !VersionRange.isValid(members.member("VersionRequirement")?.string ?? "") {
                found.append(
                    "\(path).VersionRequirement must be a range of versions, like '>=1.0.0 <2.0.0'."
                )
            }
            if let type = members.member("DependencyType"),
                !["HARD", "SOFT"].contains(type.string ?? "")
            {
                found.append("\(path).DependencyType must be HARD or SOFT.")
            }
            return found
        }
    }

    private static func errors(inManifest value: JSONValue, _ path: String) -> [String] {
        guard let manifest = value.object else { return ["\(path) must be an object."] }
        var found = ambiguity(manifest, "\(path).") + text(manifest, "Name", "\(path).")
        if let platform = manifest.member("Platform") {
            if platform.object?.values.allSatisfy({ $0.string != nil }) != true {
                found.append("\(path).Platform must be an object of texts.")
            }
            found += ambiguity(platform.object ?? [:], "\(path).Platform.")
        }
        if let selections = manifest.member("Selections"), selections.string == nil,
            selections.array?.allSatisfy({ $0.string != nil }) != true
        {
            found.append("\(path).Selections must be a list of texts.")
        }
        found += lifecycle(manifest.member("Lifecycle"), "\(path).Lifecycle")
        if let artifacts = manifest.member("Artifacts") {
            guard let items = artifacts.array else {
                return found + ["\(path).Artifacts must be a list."]
            }
            for (index, artifact) in items.enumerated() {
                found += errors(inArtifact: artifact, "\(path).Artifacts[\(index)]")
            }
        }
        return found
    }

    private static func lifecycle(_ value: JSONValue?, _ path: String) -> [String] {
        guard let value else { return [] }
        guard let lifecycle = value.object else { return ["\(path) must be an object."] }
        return ambiguity(lifecycle, "\(path).")
            + lifecycle.sorted { $0.key < $1.key }.flatMap { phase, step -> [String] in
                guard phases.contains(phase.lowercased()), step.string == nil else { return [] }
                let place = "\(path).\(phase)"
                guard let members = step.object else {
                    return ["\(place) must be a text or an object."]
                }
                var found = ambiguity(members, "\(place).") + text(members, "Script", "\(place).")
                if let condition = members.member("Skipif"),
                    !["onpath ", "exists "].contains(where: {
                        (condition.string ?? "").lowercased().hasPrefix($0)
                    })
                {
                    found.append("\(place).Skipif must begin with 'onpath' or 'exists'.")
                }
                return found
            }
    }

    private static func errors(inArtifact value: JSONValue, _ path: String) -> [String] {
        guard let artifact = value.object else { return ["\(path) must be an object."] }
        var found = ambiguity(artifact, "\(path).")
        if !isURI(artifact.member("Uri")?.string ?? "") {
            found.append("\(path).Uri must be s3://BUCKET/KEY, where KEY ends in a file's name.")
        }
        if let unarchive = artifact.member("Unarchive"),
            !["NONE", "ZIP"].contains(unarchive.string?.uppercased() ?? "")
        {
            found.append("\(path).Unarchive must be NONE or ZIP.")
        }
        if let permission = artifact.member("Permission") {
            let values = permission.object?.mapValues { $0.string?.uppercased() ?? "" }
            let areKnown = values?.allSatisfy { key, value in
                ["NONE", "OWNER", "ALL"].contains(value)
                    && ["read", "execute"].contains(key.lowercased())
            }
            if areKnown != true {
                found.append(
                    "\(path).Permission must have Read and Execute of NONE, OWNER or ALL.")
            }
            found += ambiguity(permission.object ?? [:], "\(path).Permission.")
        }
        if let digest = artifact.member("Digest") {
            if Data(base64Encoded: digest.string ?? "")?.count != 32 {
                found.append("\(path).Digest must be base64 of 32 bytes.")
            }
            if artifact.member("Algorithm")?.string != "SHA-256" {
                found.append("\(path).Algorithm must be SHA-256.")
            }
        }
        return found
    }

    private static func isURI(_ text: String) -> Bool {
        // Images of Docker are the device's business.
        if text.hasPrefix("docker:") { return text.utf8.count > "docker:".utf8.count }
        guard let location = ObjectLocation(uri: text), !location.key.hasSuffix("/"),
            let file = location.key.split(separator: "/").last
        else { return false }
        return file != "." && file != ".." && file.utf8.count <= fileNameBytesMax
            && !location.bucket.contains("/")
            && text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
    }
}
