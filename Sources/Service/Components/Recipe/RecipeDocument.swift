package import Base
package import FoundationEssentials
package import Storage
package import Wire
package import WireAWS

/// A recipe that a registry may take: every member is kept, whatever we know about it.
///
/// It is checked where it comes in and nowhere after that: what a client sends by
/// `init(validating:)`, what Spotter writes itself (`ComponentRecipe`) by `init(portable:)`. The
/// only change to it is `setDigest`, by the registry.
package struct RecipeDocument: Sendable {
    /// Largest recipe in bytes, as Greengrass has it.
    package static let bytesMax = 16 << 10

    /// An artifact with its place in the document.
    package struct Artifact: Sendable, Equatable {
        /// As the recipe has it.
        package let uri: String
        /// Base64 of the raw SHA-256; nil before a registry has read the artifact.
        package let digest: String?
        fileprivate let manifest: Int
        fileprivate let index: Int

        /// Where it is read from; nil for an image of Docker, which the device itself gets.
        package var location: ObjectLocation? { ObjectLocation(uri: uri) }

        /// The name that the artifact has on a device; nil for an image of Docker.
        package var fileName: String? {
            location?.key.split(separator: "/").last.map(String.init)
        }
    }

    /// `ComponentName` of the recipe.
    package let name: ComponentName
    /// `ComponentVersion` of the recipe.
    package let version: ComponentVersion
    /// The bytes, JSON or YAML, as they came, without digests that were added since. A call that
    /// makes a component is known again by them, and Greengrass gets them as they are.
    package let written: Data
    /// The members, in the spelling of their author.
    package private(set) var root: [String: JSONValue]

    /// Takes a recipe of a client.
    ///
    /// - Parameter bytes: JSON or YAML.
    /// - Throws: `invalidRecipe` for anything else, for more than `bytesMax`, and with every broken
    ///   rule of `RecipeRules`.
    package init(validating bytes: Data) throws(ComponentError) {
        try self.init(Self.parse(bytes), written: bytes) { RecipeRules.errors(in: $0) }
    }

    /// Takes a recipe that Spotter composed, which every nucleus must accept.
    ///
    /// - Throws: `invalidRecipe` with every broken rule of `RecipeRules` and `RecipePortability`;
    ///   `EncodingError` never in practice, since recipes have no numbers.
    package init(portable root: [String: JSONValue]) throws {
        let written = try Self.json(root)
        try self.init(root, written: written) {
            RecipeRules.violations(in: $0, bytes: written.count)
        }
    }

    /// Reads what a registry wrote (`json`).
    ///
    /// - Throws: `DecodingError` for what is not JSON; `invalidRecipe` without a name and a
    ///   version.
    package init(stored bytes: Data) throws {
        let root = try JSONValue(parsing: bytes).object ?? [:]
        try self.init(root, written: bytes) { RecipeRules.identity($0) }
    }

    private init(
        _ root: [String: JSONValue], written: Data,
        _ violations: ([String: JSONValue]) -> [String]
    ) throws(ComponentError) {
        let found = violations(root)
        guard found.isEmpty, let name = ComponentName(root.member("ComponentName")?.string ?? ""),
            let version = ComponentVersion(root.member("ComponentVersion")?.string ?? "")
        else { throw .invalidRecipe(found) }
        self.name = name
        self.version = version
        self.root = root
        self.written = written
    }

    /// - Throws: `invalidRecipe` for what is neither a JSON nor a YAML object, or too large.
    static func parse(_ bytes: Data) throws(ComponentError) -> [String: JSONValue] {
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
            do {
                document = try JSONValue(parsing: bytes)
            } catch {
                throw ComponentError(
                    .invalidRecipe, "The recipe is not valid JSON: \(error.message).")
            }
        } else {
            document = try RecipeYAML.parse(text)
        }
        guard let root = document.object else {
            throw ComponentError(.invalidRecipe, "The recipe must be an object with RecipeFormatVersion and so on, not \(document.kind).")
        }
        return root
    }

    /// `ComponentPublisher` of the recipe.
    package var publisher: String? { root.member("ComponentPublisher")?.string }
    /// `ComponentDescription` of the recipe.
    package var description: String? { root.member("ComponentDescription")?.string }

    /// The artifacts of all manifests, in their order; two of them may have one URI.
    package var artifacts: [Artifact] {
        manifests.enumerated().flatMap { number, manifest in
            (manifest.member("Artifacts")?.array ?? []).enumerated().compactMap { index, artifact in
                artifact.object?.member("Uri")?.string.map {
                    Artifact(
                        uri: $0, digest: artifact.object?.member("Digest")?.string,
                        manifest: number, index: index)
                }
            }
        }
    }

    /// One for each manifest, in their order, as DescribeComponent lists them.
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

    /// The recipe as registries keep it and GetComponent returns it: JSON with sorted members.
    ///
    /// - Throws: `EncodingError` for a number that is not finite, which no parser lets in.
    package func json() throws -> Data { try Self.json(root) }

    private static func json(_ root: [String: JSONValue]) throws -> Data {
        try JSONCoding.encode(JSONValue.object(root), .indented)
    }

    /// The recipe as YAML with sorted members.
    ///
    /// - Throws: what the YAML writer throws for a text that YAML cannot have.
    package func yaml() throws -> Data { Data(try RecipeYAML.text(.object(root)).utf8) }

    private var manifests: [[String: JSONValue]] {
        (root.member("Manifests")?.array ?? []).map { $0.object ?? [:] }
    }
}

extension RecipeDocument: Equatable {
    /// Whether two recipes have the same members, however they were written.
    package static func == (one: RecipeDocument, other: RecipeDocument) -> Bool {
        one.root == other.root
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
