import Administration
import ArgumentParser
import Base
import Service

struct EdgeAgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edge-agent", abstract: "Brings the agent to devices.",
        subcommands: [Publish.self])
}

struct Publish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Registers the agent as a Greengrass component of its own.",
        discussion: """
            Takes the bundle that 'make edge-agent' made for the architecture. The recipe and the \
            archive lie below DIR/greengrass then, beside those of the models, or with \
            --state-bucket where all servers find them. Servers may run meanwhile. Give the \
            options for stores that they were started with.
            """)

    @OptionGroup var stores: StoresOptions

    @Option(help: "Processor of the devices: amd64 or aarch64.")
    var arch = Self.ownArchitecture

    @Option(
        help: "Component: \(EdgeAgentComponent.name), or \(EdgeAgentComponent.originalName).")
    var name = EdgeAgentComponent.name

    @Option(help: "MAJOR.MINOR.PATCH; below 1.0.0, where models look for it.")
    var componentVersion = SpotterVersion.current

    @Option(help: "Bucket for the archive; made when it is missing.")
    var bucket = EdgeAgentComponent.bucket

    @Option(help: "Folder of the agent's files; found by itself after 'make edge-agent'.")
    var bundle: String?

    private static var ownArchitecture: String {
        #if arch(arm64)
            "aarch64"
        #else
            "amd64"
        #endif
    }

    func validate() throws {
        guard ["amd64", "aarch64"].contains(arch) else {
            throw ValidationError("--arch must be amd64 or aarch64, not '\(arch)'.")
        }
        guard [EdgeAgentComponent.name, EdgeAgentComponent.originalName].contains(name) else {
            throw ValidationError(
                "--name must be \(EdgeAgentComponent.name) or \(EdgeAgentComponent.originalName).")
        }
    }

    func run() async throws {
        await stores.reporting { stores in
            let release = EdgeAgentRelease(
                bundle: try bundle
                    ?? Installation.edgeAgentBundle(arch),
                architecture: arch, name: name, version: componentVersion, bucket: bucket)
            let component = try await release.publish(stores)
            Output.line("\(component.arn) is \(component.state)")
            guard !stores.configuration.isCluster else { return }
            let root = "\(stores.configuration.dataDirectory)/greengrass"
            Output.line("Recipe: \(root)/recipes/\(name)-\(componentVersion).json")
            Output.line("Archive: \(root)/artifacts/\(name)/\(componentVersion)/")
        }
    }
}
