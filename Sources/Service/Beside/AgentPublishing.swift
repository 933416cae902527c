import Access
package import Base
import Storage
import Wire
import WireAWS

/// Publishing the agent that lies beside a server.
extension Operations {
    /// Why the caller cannot publish a version of the agent; nil where nothing stands against it.
    package func agentPublishingRefusal(_ version: String) async throws -> String? {
        guard context.registry is any ComponentCatalogue else {
            return "AWS IoT Greengrass keeps the components of this server. Publish the agent "
                + "with the command."
        }
        do {
            try authorizeAgent(version)
            _ = try await mustMakeBucket(EdgeAgentComponent.bucket)
            return nil
        } catch let error as AccessError {
            return error.message
        }
    }

    /// The newest version of the agent that this server has for any processor; nil where none was
    /// published, and where Greengrass keeps components.
    package func newestAgentVersion() async throws -> ComponentVersion? {
        guard let catalogue = context.registry as? any ComponentCatalogue,
            let name = ComponentName(EdgeAgentComponent.name)
        else { return nil }
        return try await catalogue.versions(of: name, before: nil, limit: 1).first
    }

    /// Registers the agent as a component, unless the version is there with the same content.
    ///
    /// - Parameters:
    ///   - bundle: folder that `make edge-agent` made.
    ///   - architecture: `amd64` or `aarch64`.
    /// - Throws: `accessDenied` without `greengrass:CreateComponentVersion` on the component,
    ///   `s3:PutObject` on the archive, or `s3:CreateBucket` where its bucket is missing;
    ///   `conflict` for a version with other content; what `EdgeAgentPublisher` throws of the
    ///   stores.
    package func publishAgent(bundle: String, architecture: String, version: String) async throws {
        if let reason = try await agentPublishingRefusal(version) {
            throw AccessError(.accessDenied, reason)
        }
        try await needBucket(EdgeAgentComponent.bucket)
        let publisher = EdgeAgentPublisher(
            objects: context.objects, registry: context.registry, pool: context.pools.files,
            temporaryDirectory: context.temporaryDirectory)
        do {
            _ = try await publisher.publish(
                bundle: bundle, architecture: architecture, name: EdgeAgentComponent.name,
                version: version, bucket: EdgeAgentComponent.bucket)
        } catch let error as ComponentError {
            throw WireError(.conflict, error.message)
        }
    }

    private func authorizeAgent(_ version: String) throws(AccessError) {
        let archive = EdgeAgentPublisher.archiveKey(EdgeAgentComponent.name, version)
        for (action, resource) in [
            (
                GreengrassOperation.createComponentVersion.permission,
                context.arns.component(EdgeAgentComponent.name)
            ), ("s3:PutObject", "arn:aws:s3:::\(EdgeAgentComponent.bucket)/\(archive)"),
        ] {
            try caller.principal.check(caller.request([action], on: resource))
        }
    }
}
