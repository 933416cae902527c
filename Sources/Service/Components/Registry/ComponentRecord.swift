/// A file of a component version in the registry.
package struct RegistryArtifact: Sendable, Codable, Equatable {
    /// As the recipe has it.
    package let uri: String
    /// Path below the version's folder of artifacts.
    package let file: String
    /// Base64 of the raw SHA-256; empty where the record does not list files.
    package let digest: String
    /// Size in bytes.
    package let size: Int
}

/// What a registry keeps of a version, beside its recipe and its artifacts.
struct ComponentRecord: Sendable {
    var component: RegisteredComponent
    /// nil in records that were made before they listed them.
    var artifacts: [RegistryArtifact]?
    /// Where they are among the version's objects in the state bucket; nil in a directory.
    var folder: String?
    /// SHA-256 of what the call that made it sent, in hexadecimal; nil in older records.
    var fingerprint: String?

    /// - Throws: `tooManyTags`.
    mutating func changeTags(adding added: [String: String], removing removed: [String])
        throws(ComponentError)
    {
        component.tags.merge(added) { $1 }
        for key in removed { component.tags[key] = nil }
        guard component.tags.count <= Limits.tagsMax else {
            throw .tooManyTags(component.tags.count)
        }
    }
}

/// The members of the component and of the record stand side by side in one object.
extension ComponentRecord: Codable {
    private enum CodingKeys: String, CodingKey {
        case artifacts, folder, fingerprint
    }

    init(from decoder: any Decoder) throws {
        component = try RegisteredComponent(from: decoder)
        let members = try decoder.container(keyedBy: CodingKeys.self)
        artifacts = try members.decodeIfPresent([RegistryArtifact].self, forKey: .artifacts)
        folder = try members.decodeIfPresent(String.self, forKey: .folder)
        fingerprint = try members.decodeIfPresent(String.self, forKey: .fingerprint)
    }

    func encode(to encoder: any Encoder) throws {
        try component.encode(to: encoder)
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encodeIfPresent(artifacts, forKey: .artifacts)
        try members.encodeIfPresent(folder, forKey: .folder)
        try members.encodeIfPresent(fingerprint, forKey: .fingerprint)
    }
}
