package import FoundationEssentials
package import Wire

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
        package var DefaultConfiguration: [String: JSONValue]
    }

    package var RecipeFormatVersion = "2020-01-25"
    package var ComponentName: String
    package var ComponentVersion: String
    package var ComponentType = "aws.greengrass.generic"
    package var ComponentDescription: String
    package var ComponentPublisher = "Spotter"
    package var ComponentConfiguration: Configuration?
    package var ComponentDependencies: [String: Dependency]?
    package var Manifests: [Manifest]

    package func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// The recipe for a registry.
    ///
    /// - Throws: `invalidRecipe` when not every nucleus would take it.
    package func portable() throws -> Data {
        let bytes = try encoded()
        let violations = RecipeRules.violations(in: bytes)
        guard violations.isEmpty else {
            throw ComponentError(
                .invalidRecipe, "The recipe is invalid: \(violations.joined(separator: " "))")
        }
        return bytes
    }
}

/// The component that brings the agent to the device.
package enum EdgeAgentComponent {
    package static let name = "com.spotter.EdgeAgent"
    /// Recipes of the original's models depend on this name.
    package static let originalName = "aws.iot.lookoutvision.EdgeAgent"
    /// Comparisons alone: the C nucleus understands no other form of a range.
    static let versionRequirement = ">=0.1.0 <1.0.0"
    package static let executable = "spotter-edge"
    /// Where programs of the original expect the agent.
    static let socket = "unix:///tmp/aws.iot.lookoutvision.EdgeAgent.sock"

    /// Where a device finds the agent, whatever its version: the agent's component links its folder
    /// of programs into its work folder. No nucleus resolves another component's unpacked files
    /// without their version, and the C nucleus resolves none at all.
    static func program(_ name: String) -> String {
        "{kernel:rootPath}/work/\(name)/bin/\(executable)"
    }
}

extension ComponentRecipe {
    private static func artifact(_ uri: String, execute: String) -> Artifact {
        Artifact(Uri: uri, Unarchive: "ZIP", Permission: Permission(Read: "ALL", Execute: execute))
    }

    /// One manifest for both nuclei.
    private static func manifest(_ architecture: String, _ script: String, _ artifact: Artifact)
        -> Manifest
    {
        Manifest(
            Name: "linux-\(architecture)",
            Platform: Platform(os: "linux", architecture: architecture, runtime: "*"),
            Lifecycle: Lifecycle(run: Step(Script: script)), Artifacts: [artifact])
    }

    /// The recipe of a packaged model.
    ///
    /// It runs the agent's `attach`, which keeps the model listed as long as it runs and opens the
    /// archive by itself where the nucleus has not unpacked it.
    ///
    /// - Parameters:
    ///   - stem: the archive's file name without `.zip`.
    ///   - archive: `s3://` location of the archive.
    package static func model(
        name: String, version: String, description: String, architecture: String, stem: String,
        archive: String
    ) -> ComponentRecipe {
        let agent = EdgeAgentComponent.name
        let program = EdgeAgentComponent.program(agent)
        let settings = ["Autostart", "Threshold", "Accelerator", "Fallback"].map {
            "--set \"\($0)={configuration:/\($0)}\""
        }
        let script =
            "until [ -x \"\(program)\" ]; do sleep 1; done; exec \"\(program)\" "
            + "attach --component \(name) --component-version \(version) "
            + "--socket \"{configuration:/Socket}\" \(settings.joined(separator: " ")) "
            + "--unarchived \"{artifacts:decompressedPath}/\(stem)\" "
            + "--archive \"{artifacts:path}/\(stem).zip\""
        return ComponentRecipe(
            ComponentName: name, ComponentVersion: version, ComponentDescription: description,
            ComponentConfiguration: Configuration(
                DefaultConfiguration: [
                    // Empty: as trained and as packaged.
                    "Accelerator": .string(""), "Autostart": .boolean(false),
                    "Fallback": .boolean(true), "Socket": .string(EdgeAgentComponent.socket),
                    "Threshold": .string(""),
                ]),
            ComponentDependencies: [
                agent: Dependency(
                    VersionRequirement: EdgeAgentComponent.versionRequirement,
                    DependencyType: "HARD")
            ],
            Manifests: [
                manifest(architecture, script, artifact(archive, execute: "NONE"))
            ])
    }

    /// The recipe of the agent.
    ///
    /// The archive holds one folder, named after the version, so that a new version never writes
    /// over a program that runs. The script takes it as the nucleus unpacked it, or unpacks it in
    /// the work folder, and links its programs where models look for them.
    ///
    /// - Parameters:
    ///   - stem: the archive's file name without `.zip`.
    ///   - folder: the one folder in the archive.
    package static func edgeAgent(
        name: String, version: String, architecture: String, stem: String, folder: String,
        archive: String
    ) -> ComponentRecipe {
        let work = "{kernel:rootPath}/work/\(name)"
        let file = "{artifacts:path}/\(stem).zip"
        let script = """
            set -eu; cd "\(work)"
            here="{artifacts:decompressedPath}/\(stem)/\(folder)"
            if [ ! -d "$here" ]; then
              here="\(work)/\(folder)"
              if [ ! -d "$here" ]; then
                rm -rf unpacking; mkdir unpacking
                unzip -qo "\(file)" -d unpacking || python3 -m zipfile -e "\(file)" unpacking \
                  || busybox unzip -qo "\(file)" -d unpacking
                mv "unpacking/\(folder)" "$here"
              fi
            fi
            chmod +x "$here/bin/\(EdgeAgentComponent.executable)" || true
            ln -sfn "$here/bin" bin.new; mv -fT bin.new bin
            exec "$here/bin/\(EdgeAgentComponent.executable)" agent --socket "{configuration:/Socket}" \
              --socket-mode "{configuration:/SocketMode}" --socket-group "{configuration:/SocketGroup}" \
              --log-format json
            """
        return ComponentRecipe(
            ComponentName: name, ComponentVersion: version,
            ComponentDescription: "Runs packaged models of Spotter on the device",
            ComponentConfiguration: Configuration(
                DefaultConfiguration: [
                    "Socket": .string(EdgeAgentComponent.socket), "SocketGroup": .string(""),
                    "SocketMode": .string("0660"),
                ]),
            ComponentDependencies: nil,
            Manifests: [manifest(architecture, script, artifact(archive, execute: "ALL"))])
    }
}
