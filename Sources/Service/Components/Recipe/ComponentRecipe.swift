package import Base
package import Storage
import Wire

/// The recipes that Spotter writes itself, in the shape that every nucleus accepts.
///
/// Members that a device needs are added here; `RecipePortability` says which of them every nucleus
/// reads, and the golden files in the tests hold the bytes.
package enum ComponentRecipe {
    /// What the recipes of a model and of the agent say in the same places.
    private struct Parts {
        let name: ComponentName
        let version: ComponentVersion
        let description: String
        let architecture: String
        /// By key, with the value that holds where a deployment gives none.
        let configuration: [String: JSONValue]
        var dependencies: [String: JSONValue]?
        /// What the nucleus runs.
        let script: String
        let archive: ObjectLocation
        /// `NONE`, or `ALL` where files of the archive are programs.
        let execute: String
    }

    /// - Throws: `invalidRecipe` when not every nucleus would take it.
    private static func document(_ parts: Parts) throws -> RecipeDocument {
        let artifact: [String: JSONValue] = [
            "Uri": .string(parts.archive.uri), "Unarchive": .string("ZIP"),
            "Permission": .object([
                "Read": .string("ALL"), "Execute": .string(parts.execute),
            ]),
        ]
        // One manifest for both nuclei.
        let manifest: [String: JSONValue] = [
            "Name": .string("linux-\(parts.architecture)"),
            "Platform": .object([
                "os": .string("linux"), "architecture": .string(parts.architecture),
                "runtime": .string("*"),
            ]),
            "Lifecycle": .object(["run": .object(["Script": .string(parts.script)])]),
            "Artifacts": .array([.object(artifact)]),
        ]
        var root: [String: JSONValue] = [
            "RecipeFormatVersion": .string("2020-01-25"),
            "ComponentName": .string(parts.name.text),
            "ComponentVersion": .string(parts.version.text),
            "ComponentType": .string("aws.greengrass.generic"),
            "ComponentDescription": .string(parts.description),
            "ComponentPublisher": .string("Spotter"),
            "ComponentConfiguration": .object([
                "DefaultConfiguration": .object(parts.configuration)
            ]),
            "Manifests": .array([.object(manifest)]),
        ]
        root["ComponentDependencies"] = parts.dependencies.map(JSONValue.object)
        return try RecipeDocument(portable: root)
    }

    /// The recipe of a packaged model.
    ///
    /// It runs the agent's `attach`, which keeps the model listed as long as it runs and opens the
    /// archive by itself where the nucleus has not unpacked it.
    ///
    /// - Parameters:
    ///   - description: at most 2,000 characters.
    ///   - architecture: `amd64` or `aarch64`.
    ///   - archive: a `.zip`; its file name without the suffix is the folder it is unpacked to.
    /// - Throws: `invalidRecipe` when not every nucleus would take it.
    package static func model(
        name: ComponentName, version: ComponentVersion, description: String, architecture: String,
        archive: ObjectLocation
    ) throws -> RecipeDocument {
        let agent = EdgeAgentComponent.name
        let program = EdgeAgentComponent.program(agent)
        let settings = ["Autostart", "Threshold", "Accelerator", "Fallback"].map {
            "--set \"\($0)={configuration:/\($0)}\""
        }
        let stem = archive.stem
        let script =
            "until [ -x \"\(program)\" ]; do sleep 1; done; exec \"\(program)\" "
            + "attach --component \(name) --component-version \(version) "
            + "--socket \"{configuration:/Socket}\" \(settings.joined(separator: " ")) "
            + "--unarchived \"{artifacts:decompressedPath}/\(stem)\" "
            + "--archive \"{artifacts:path}/\(stem).zip\""
        return try document(
            Parts(
                name: name, version: version, description: description,
                architecture: architecture,
                configuration: [
                    // Empty: as trained and as packaged.
                    "Accelerator": .string(""), "Autostart": .boolean(false),
                    "Fallback": .boolean(true), "Socket": .string(EdgeAgentComponent.socket),
                    "Threshold": .string(""),
                ],
                dependencies: [
                    agent: .object([
                        "VersionRequirement": .string(EdgeAgentComponent.versionRequirement),
                        "DependencyType": .string("HARD"),
                    ])
                ],
                script: script, archive: archive, execute: "NONE"))
    }

    /// The recipe of the agent.
    ///
    /// The archive holds one folder, named after the version, so that a new version never writes
    /// over a program that runs. The script takes it as the nucleus unpacked it, or unpacks it in
    /// the work folder, and links its programs where models look for them.
    ///
    /// - Parameters:
    ///   - architecture: `amd64` or `aarch64`.
    ///   - folder: the one folder in the archive.
    ///   - archive: a `.zip`; its file name without the suffix is the folder it is unpacked to.
    /// - Throws: `invalidRecipe` when not every nucleus would take it.
    package static func edgeAgent(
        name: ComponentName, version: ComponentVersion, architecture: String, folder: String,
        archive: ObjectLocation
    ) throws -> RecipeDocument {
        let stem = archive.stem
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
        return try document(
            Parts(
                name: name, version: version,
                description: "Runs packaged models of Spotter on the device",
                architecture: architecture,
                configuration: [
                    "Socket": .string(EdgeAgentComponent.socket), "SocketGroup": .string(""),
                    "SocketMode": .string("0660"),
                ],
                script: script, archive: archive, execute: "ALL"))
    }
}

extension ObjectLocation {
    /// The name of the file that the object becomes on a device, without `.zip`.
    fileprivate var stem: String {
        let file = key.split(separator: "/").last.map(String.init) ?? key
        return file.hasSuffix(".zip") ? String(file.dropLast(4)) : file
    }
}
