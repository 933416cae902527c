import Access
import ArgumentParser
import Foundation
import NIOPosix
import Server
import Service
import Storage

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
            archive lie below DIR/greengrass then, beside those of the models. A server may run on \
            DIR meanwhile.
            """)

    @Option(help: "Folder of the server that holds the registry.")
    var dataDirectory = "./spotter-data"

    @Option(help: "Processor of the devices: amd64 or aarch64.")
    var arch = Self.ownArchitecture

    @Option(
        help: "Component: \(EdgeAgentComponent.name), or \(EdgeAgentComponent.originalName).")
    var name = EdgeAgentComponent.name

    @Option(help: "MAJOR.MINOR.PATCH; below 1.0.0, where models look for it.")
    var componentVersion = SpotterServer.version

    @Option(help: "Bucket for the archive; made when it is missing.")
    var bucket = "spotter-edge-agent"

    @Option(help: "Folder of the agent's files; found by itself after 'make edge-agent'.")
    var bundle: String?

    @Option(help: "Region in the component's ARN.")
    var region = "us-east-1"

    @Option(name: .customLong("account-id"), help: "Account number in the component's ARN.")
    var accountID = "000000000000"

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
        do {
            guard FileManager.default.fileExists(atPath: dataDirectory) else {
                throw ServerError(
                    "There is no data directory \(dataDirectory). Start 'spotter serve' once, or "
                        + "give --data-directory.")
            }
            let pool = NIOThreadPool(numberOfThreads: 2)
            pool.start()
            let objects = try DirectoryStore(root: "\(dataDirectory)/buckets", pool: pool)
            let publisher = EdgeAgentPublisher(
                objects: objects,
                registry: try DirectoryRegistry(
                    root: "\(dataDirectory)/greengrass", objects: objects,
                    arns: ARNs(region: region, account: accountID), pool: pool), pool: pool,
                temporaryDirectory: NSTemporaryDirectory())
            let component = try await publisher.publish(
                bundle: try bundle
                    ?? Installation.edgeAgentBundle(arch, from: Installation.executablePath),
                architecture: arch, name: name, version: componentVersion, bucket: bucket)
            try await pool.shutdownGracefully()
            Output.line("\(component.arn) is \(component.state)")
            let root = "\(dataDirectory)/greengrass"
            Output.line("Recipe: \(root)/recipes/\(name)-\(componentVersion).json")
            Output.line("Archive: \(root)/artifacts/\(name)/\(componentVersion)/")
        } catch let error as ComponentError {
            Spotter.exit(with: ServerError(error.message))
        } catch {
            Spotter.exit(with: error)
        }
    }
}
