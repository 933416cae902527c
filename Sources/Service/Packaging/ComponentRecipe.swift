package import FoundationEssentials

/// A Greengrass V2 recipe in the shape that every nucleus accepts. Member names are Greengrass'.
package struct ComponentRecipe: Codable, Sendable, Equatable {
    package struct Dependency: Codable, Sendable, Equatable {
        package var VersionRequirement: String
        package var DependencyType: String
    }

    package struct Platform: Codable, Sendable, Equatable {
        package var os: String
        package var architecture: String?
        package var runtime: String?
    }

    package struct Step: Codable, Sendable, Equatable {
        package var Script: String
        package var RequiresPrivilege: Bool?
        package var Timeout: Int?
        package var Setenv: [String: String]?
    }

    package struct Lifecycle: Codable, Sendable, Equatable {
        package var install: Step?
        package var run: Step?
    }

    package struct Permission: Codable, Sendable, Equatable {
        package var Read: String
        package var Execute: String
    }

    package struct Artifact: Codable, Sendable, Equatable {
        package var Uri: String
        package var Unarchive: String
        package var Permission: Permission
        /// Base64 of the raw SHA-256; the registry fills it in.
        package var Digest: String?
        package var Algorithm: String?
    }

    package struct Manifest: Codable, Sendable, Equatable {
        package var Name: String?
        package var Platform: Platform
        package var Lifecycle: Lifecycle
        package var Artifacts: [Artifact]
    }

    package struct Configuration: Codable, Sendable, Equatable {
        package var DefaultConfiguration: [String: String]
    }

    package var RecipeFormatVersion = "2020-01-25"
    package var ComponentName: String
    package var ComponentVersion: String
    package var ComponentType = "aws.greengrass.generic"
    package var ComponentDescription: String
    package var ComponentPublisher = "Spotter"
    package var ComponentConfiguration: Configuration?
    package var ComponentDependencies: [String: Dependency]
    package var Manifests: [Manifest]

    package func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }
}

/// The component that brings the agent to the device.
enum EdgeAgentComponent {
    static let name = "com.spotter.EdgeAgent"
    /// Comparisons alone: the C nucleus understands no other form of a range.
    static let versionRequirement = ">=0.1.0 <1.0.0"
    static let executable = "spotter-edge"
    /// Where programs of the original expect the agent.
    static let socket = "unix:///tmp/aws.iot.lookoutvision.EdgeAgent.sock"
}

extension ComponentRecipe {
    /// The recipe of a packaged model.
    ///
    /// Each manifest runs the agent's `attach`, which keeps the model listed as long as it runs.
    /// The classic nucleus tells where the agent's files are; the C nucleus does not, so there the
    /// script waits for the link that the agent's component makes in its work folder.
    ///
    /// - Parameters:
    ///   - stem: the archive's file name without `.zip`.
    ///   - archive: `s3://` location of the archive.
    package static func model(
        name: String, version: String, description: String, architecture: String, stem: String,
        archive: String
    ) -> ComponentRecipe {
        let agent = EdgeAgentComponent.name
        let arguments =
            "attach --component \(name) --component-version \(version) "
            + "--socket \"{configuration:/Socket}\" "
            + "--unarchived \"{artifacts:decompressedPath}/\(stem)\" "
            + "--archive \"{artifacts:path}/\(stem).zip\""
        let linked =
            "{kernel:rootPath}/work/\(agent)/bin/\(EdgeAgentComponent.executable)"
        let artifact = Artifact(
            Uri: archive, Unarchive: "ZIP", Permission: Permission(Read: "ALL", Execute: "NONE"))
        func manifest(_ suffix: String, _ runtime: String?, _ script: String) -> Manifest {
            Manifest(
                Name: "linux-\(architecture)\(suffix)",
                Platform: Platform(os: "linux", architecture: architecture, runtime: runtime),
                Lifecycle: Lifecycle(run: Step(Script: script)), Artifacts: [artifact])
        }
        return ComponentRecipe(
            ComponentName: name, ComponentVersion: version, ComponentDescription: description,
            ComponentConfiguration: Configuration(
                DefaultConfiguration: ["Socket": EdgeAgentComponent.socket]),
            ComponentDependencies: [
                agent: Dependency(
                    VersionRequirement: EdgeAgentComponent.versionRequirement,
                    DependencyType: "HARD")
            ],
            Manifests: [
                manifest(
                    "-lite", "aws_nucleus_lite",
                    "until [ -x \"\(linked)\" ]; do sleep 1; done; exec \"\(linked)\" \(arguments)"),
                manifest(
                    "", nil,
                    "exec \"{\(agent):artifacts:path}/\(EdgeAgentComponent.executable)\" "
                        + arguments),
            ])
    }
}
