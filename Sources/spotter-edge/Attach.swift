import ArgumentParser
import EdgeAgent
import FoundationEssentials
import ServiceLifecycle
import UnixSignals

struct Attach: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keeps a deployed model listed by the agent, as long as this runs.",
        discussion: "A model component's recipe runs this; it ends cleanly on SIGTERM.")

    @Option(help: "Name of the model component.")
    var component: String

    @Option(help: "Version of the model component.")
    var componentVersion: String

    @Option(help: "The agent's socket for clients; the one for attaching lies beside it.")
    var socket = SocketAddress.standard

    @Option(help: "Folder of the unpacked package; it may be missing.")
    var unarchived: String

    @Option(help: "The package as it was downloaded.")
    var archive: String

    @Flag(help: "Start the model without being asked.")
    var autostart = false

    @Option(
        help: """
            NAME=VALUE, may be repeated: Autostart, Threshold, Accelerator (package, CPU, CUDA, \
            TensorRT), Fallback. An empty value leaves the default.
            """)
    var set: [String] = []

    @OptionGroup var log: LogOptions

    func run() async throws {
        do {
            var values: [String: String] = [:]
            for text in set {
                guard let equals = text.firstIndex(of: "=") else {
                    throw AgentError(.invalidArgument, "--set must be NAME=VALUE, not '\(text)'.")
                }
                values[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            var settings = try ModelSettings(values)
            if autostart { settings.autostart = true }
            let source = ModelSource(
                component: component, version: componentVersion,
                paths: [Self.absolute(unarchived), Self.absolute(archive)], settings: settings)
            let client = try AttachClient(
                source: source, agent: try SocketAddress(socket), logger: log.logger)
            var configuration = ServiceGroupConfiguration(
                services: [
                    .init(service: client, successTerminationBehavior: .gracefullyShutdownGroup)
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: log.logger)
            configuration.maximumGracefulShutdownDuration = .seconds(5)
            try await ServiceGroup(configuration: configuration).run()
        } catch {
            SpotterEdge.exit(with: error)
        }
    }

    /// The agent runs elsewhere, so a path must not depend on this process' folder.
    private static func absolute(_ path: String) -> String {
        path.isEmpty || path.hasPrefix("/")
            ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
