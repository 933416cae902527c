import Access
import Base
import FoundationEssentials

/// A call that makes a component version, as far as its outcome may be known already. Pure.
struct ComponentCall: Sendable {
    let token: String
    /// SHA-256 of what the call sends.
    let fingerprint: String
    let name: ComponentName
    let version: ComponentVersion
    private let tags: [String: String]

    init(_ recipe: RecipeDocument, tags: [String: String], clientToken: String) {
        token = clientToken
        let parts = tags.sorted { $0.key < $1.key }.flatMap {
            [Data($0.key.utf8), Data($0.value.utf8)]
        }
        fingerprint = Fingerprint.of([recipe.written] + parts)
        name = recipe.name
        version = recipe.version
        self.tags = tags
    }

    /// What an earlier call has made of this one.
    ///
    /// - Parameters:
    ///   - answer: what the token was answered with, if it was.
    ///   - existing: the version, if there is one; asked only without an answer that counts.
    /// - Returns: nil when there is everything to be done.
    /// - Throws: `tokenReused`, `alreadyExists`.
    func outcome(
        answer: ComponentRecord?, existing: () throws -> ComponentRecord?, now: Date, arns: ARNs
    ) throws -> ComponentRecord? {
        let oldest = now.addingTimeInterval(-Limits.clientTokenSeconds)
        if let answer, answer.component.created > oldest {
            guard answer.fingerprint == fingerprint else {
                throw ComponentError(
                    .tokenReused,
                    "The client token was used for another component version with other content: "
                        + "[\(answer.component.name) : \(answer.component.version)].")
            }
            return answer
        }
        guard let existing = try existing() else { return nil }
        // A server that died before it kept the token's answer.
        let isSame = existing.fingerprint ?? fingerprint == fingerprint
        let made = existing.component
        if made.clientToken == token, isSame, made.created > oldest { return existing }
        throw ComponentError(
            .alreadyExists,
            "Component [\(name) : \(version)] for account [\(arns.account)] already exists with "
                + "state: [\(made.state)]")
    }

    /// - Throws: `tooManyTags`.
    func checkTags() throws(ComponentError) {
        guard tags.count <= Limits.tagsMax else { throw .tooManyTags(tags.count) }
    }

    /// - Parameter folder: of the artifacts, in the state bucket; nil in a directory.
    func record(_ artifacts: [RegistryArtifact], folder: String? = nil, now: Date, arns: ARNs)
        -> ComponentRecord
    {
        ComponentRecord(
            component: RegisteredComponent(
                arn: arns.componentVersion(name.text, version.text), name: name,
                version: version, state: "DEPLOYABLE", tags: tags, clientToken: token,
                created: now),
            artifacts: artifacts, folder: folder, fingerprint: fingerprint)
    }
}
