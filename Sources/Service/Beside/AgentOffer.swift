import Access
import Base
package import FoundationEssentials
import Storage
import WireAWS

/// The agent as a component of this server's registry, for people who bring models to devices.
extension Operations {
    /// The newest version of the agent's component that a device of one kind can take.
    package struct AgentOffer: Sendable {
        /// As deployments name them.
        package let name: String
        package let version: String
        /// The recipe as GetComponent returns it, JSON.
        package let recipe: Data
        /// File name of the archive, and its size in bytes; nil where the registry does not list
        /// its files.
        package let archive: (name: String, bytes: Int)?
    }

    /// - Parameter architecture: `amd64` or `aarch64`.
    /// - Returns: nil where no version for it has been published, and where Greengrass keeps
    ///   components.
    /// - Throws: `accessDenied` without `greengrass:GetComponent` on the version; `StorageError`
    ///   where the registry cannot be read.
    package func publishedAgent(for architecture: String) async throws -> AgentOffer? {
        guard let found = try await agent(for: architecture) else { return nil }
        let file = found.artifacts.first
        return AgentOffer(
            name: found.component.name.text, version: found.component.version.text,
            recipe: try found.recipe.json(), archive: file.map { ($0.file, $0.size) })
    }

    /// Opens the archive of that version, and says its file name.
    ///
    /// - Throws: also `accessDenied` without `greengrass:GetComponentVersionArtifact`.
    package func publishedAgentArchive(for architecture: String) async throws
        -> (name: String, reader: any ArtifactReader)?
    {
        guard let found = try await agent(for: architecture), let file = found.artifacts.first,
            let catalogue = context.registry as? any ComponentCatalogue
        else { return nil }
        try caller.principal.check(
            caller.request(
                [GreengrassOperation.getComponentVersionArtifact.permission],
                on: found.component.arn))
        let reader = try await catalogue.artifact(
            found.component.name, version: found.component.version, file.file)
        return reader.map { (file.file, $0) }
    }

    private func agent(for architecture: String) async throws -> ComponentDetails? {
        guard let catalogue = context.registry as? any ComponentCatalogue,
            let name = ComponentName(EdgeAgentComponent.name)
        else { return nil }
        let versions = try await catalogue.versions(
            of: name, before: nil, limit: Limits.agentVersionsMax)
        for version in versions {
            guard let details = try await catalogue.details(name, version: version),
                details.recipe.platforms.contains(where: {
                    $0.attributes["architecture"] == architecture
                })
            else { continue }
            try caller.principal.check(
                caller.request(
                    [GreengrassOperation.getComponent.permission], on: details.component.arn))
            return details
        }
        return nil
    }
}
