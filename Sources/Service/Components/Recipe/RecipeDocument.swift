package import FoundationEssentials
package import Storage
package import Wire
package import WireAWS

/// A recipe as somebody wrote it: every member is kept, whatever we know about it.
package struct RecipeDocument: Sendable, Equatable {
    /// Bytes of a recipe that are taken, as the original has it.
    package static let bytesMax = 16 << 10

    /// An artifact with its place in the document.
    package struct Artifact: Sendable, Equatable {
        package let uri: String
        fileprivate let manifest: Int
        fileprivate let index: Int

        /// Where it is read from; nil for an image of Docker, which the device itself gets.
        package var location: ObjectLocation? { ObjectLocation(uri: uri) }

        /// The name that the artifact has on a device.
        package var fileName: String? {
            location?.key.split(separator: "/").last.map(String.init)
        }
    }

    package private(set) var root: [String: JSONValue]

    /// - Parameter bytes: JSON or YAML.
    /// - Throws: `invalidRecipe` for anything else, and with every broken rule of
    ///   `RecipeRules.errors`.
    package init(validating bytes: Data) throws(ComponentError) {
        self = try RecipeDocument(parsing: bytes)
        let errors = RecipeRules.errors(in: root)
        guard errors.isEmpty else {
            throw ComponentError(
                .invalidRecipe, "The recipe is invalid: \(errors.joined(separator: " "))")
        }
    }

    /// - Throws: `invalidRecipe` for what is neither a JSON nor a YAML object, or too large.
    init(parsing bytes: Data) throws(ComponentError) {
        guard bytes.count <= Self.bytesMax else {
            throw ComponentError(
                .invalidRecipe,
                "The recipe has \(bytes.count) bytes; at most \(Self.bytesMax) are allowed.")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ComponentError(.invalidRecipe, "The recipe is not UTF-8.")
        }
        let document: JSONValue
        if text.first(where: { !$0.isWhitespace }) == "{" {
            guard let value = try? JSONValue(parsing: bytes) else {
                throw ComponentError(.invalidRecipe, "The recipe is not valid JSON.")
            }
            document = value
        } else {
            document = try RecipeYAML.parse(text)
        }
        guard let root = document.object else {
            throw ComponentError(.invalidRecipe, "The recipe is not an object.")
        }
        self.root = root
    }

    /// - Parameter stored: JSON that a registry wrote.
    package init(stored: Data) throws {
        root = try JSONValue(parsing: stored).object ?? [:]
    }

    package var name: String { root.member("ComponentName")?.string ?? "" }
    package var version: String { root.member("ComponentVersion")?.string ?? "" }
    package var publisher: String? { root.member("ComponentPublisher")?.string }
    package var description: String? { root.member("ComponentDescription")?.string }

    package var artifacts: [Artifact] {
        manifests.enumerated().flatMap { number, manifest in
            (manifest.member("Artifacts")?.array ?? []).enumerated().compactMap { index, artifact in
                artifact.object?.member("Uri")?.string.map {
                    Artifact(uri: $0, manifest: number, index: index)
                }
            }
        }
    }

    package var platforms: [ComponentPlatformAnswer] {
        manifests.map { manifest in
            let platform = manifest.member("Platform")?.object ?? [:]
            let attributes = platform.compactMapValues { $0.string }.filter { !$0.value.isEmpty }
            let parts = [platform.member("os"), platform.member("architecture")].compactMap {
                $0?.string
            }
            let name = manifest.member("Name")?.string ?? parts.joined(separator: "-")
            return ComponentPlatformAnswer(
                name: name.isEmpty ? "all" : name, attributes: attributes)
        }
    }

    /// Writes the digest of an artifact beside its URI.
    ///
    /// - Parameter digest: base64 of the raw SHA-256.
    package mutating func setDigest(_ digest: String, of artifact: Artifact) {
        guard let manifestsKey = root.key("Manifests"),
            var manifests = root[manifestsKey]?.array,
            var manifest = manifests[artifact.manifest].object,
            let artifactsKey = manifest.key("Artifacts"),
            var artifacts = manifest[artifactsKey]?.array,
            var members = artifacts[artifact.index].object
        else { return }
        for (name, value) in [("Digest", digest), ("Algorithm", "SHA-256")] {
            members[members.key(name) ?? name] = .string(value)
        }
        artifacts[artifact.index] = .object(members)
        manifest[artifactsKey] = .array(artifacts)
        manifests[artifact.manifest] = .object(manifest)
        root[manifestsKey] = .array(manifests)
    }

    package func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(JSONValue.object(root))
    }

    package func yaml() throws -> Data { Data(try RecipeYAML.text(.object(root)).utf8) }

    private var manifests: [[String: JSONValue]] {
        (root.member("Manifests")?.array ?? []).map { $0.object ?? [:] }
    }
}

extension JSONValue {
    var array: [JSONValue]? {
        if case .array(let items) = self { items } else { nil }
    }
}

/// Greengrass reads the names of a recipe's members without case: `URI` is `Uri`.
extension [String: JSONValue] {
    /// The spelling of `name` that is there. `RecipeRules` refuses two spellings at once.
    func key(_ name: String) -> String? {
        if self[name] != nil { return name }
        let wanted = name.lowercased()
        return keys.first { $0.lowercased() == wanted }
    }

    func member(_ name: String) -> JSONValue? {
        guard let key = key(name), let value = self[key], value != .null else { return nil }
        return value
    }

    /// Names that differ only by case from another.
    var ambiguousKeys: [String] {
        let groups = Swift.Dictionary(grouping: Array(keys)) { $0.lowercased() }
        return groups.values.filter { $0.count > 1 }.flatMap { $0 }.sorted()
    }
}
