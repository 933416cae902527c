import ArgumentParser
import EdgeAgent
import FoundationEssentials
import Glibc

struct Agent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves models on a unix domain socket.",
        discussion: """
            Client programs of Lookout for Vision find the agent at the default socket. Models \
            come from --models folders, laid out as COMPONENT/VERSION/FILE.zip or \
            COMPONENT/manifest.json, and from 'spotter-edge attach', which a deployed model \
            component runs.
            """)

    @Option(help: "Where to listen for clients; models are attached at SOCKET.attach.")
    var socket = SocketAddress.standard

    @Option(help: "Permissions of the socket, octal.")
    var socketMode = "0660"

    @Option(help: "Group that may connect.")
    var socketGroup: String?

    @Option(help: "Folder of models; may be repeated.")
    var models: [String] = []

    @Option(
        help: """
            JSON file with settings by component, like {"Components": {"NAME": {"Threshold": 12.5, \
            "Accelerator": "CPU", "Fallback": false, "Autostart": true}}}.
            """)
    var configurationFile: String?

    @Option(help: "Port of Prometheus metrics on 127.0.0.1; 0 takes a free one.")
    var metricsPort: Int?

    @Option(help: "Detections at once; as many as cores by default.")
    var concurrency: Int?

    @Option(help: "Folder for TensorRT's engines.")
    var engineCache: String?

    @OptionGroup var log: LogOptions

    func validate() throws {
        guard let mode = UInt32(socketMode, radix: 8), mode <= 0o777 else {
            throw ValidationError("--socket-mode must be octal like 0660, not '\(socketMode)'.")
        }
        if let metricsPort, !(0...65_535).contains(metricsPort) {
            throw ValidationError("--metrics-port must be 0 to 65535, not \(metricsPort).")
        }
        if let concurrency, !(1...64).contains(concurrency) {
            throw ValidationError("--concurrency must be 1 to 64, not \(concurrency).")
        }
    }

    func run() async throws {
        do {
            var configuration = AgentConfiguration()
            if let configurationFile {
                guard let bytes = FileManager.default.contents(atPath: configurationFile) else {
                    throw AgentError(.invalidArgument, "\(configurationFile) cannot be read.")
                }
                configuration = try AgentConfiguration(decoding: bytes, name: configurationFile)
            }
            let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
            let agent = AgentServer(
                options: AgentOptions(
                    socket: try SocketAddress(socket),
                    socketMode: UInt32(socketMode, radix: 8) ?? 0o660, socketGroup: socketGroup,
                    folders: models, configuration: configuration, metricsPort: metricsPort,
                    concurrency: concurrency ?? min(cores, 64), engineCache: engineCache),
                runtime: try SpotterEdge.runtime(), logger: log.logger)
            let socket = socket
            try await agent.run {
                SpotterEdge.line("spotter-edge is listening on \(socket)")
            } onOverdue: {
                Glibc._exit(0)
            }
        } catch {
            SpotterEdge.exit(with: error)
        }
        // A load that was given up may still compute: no destructor may free what it uses.
        Glibc._exit(0)
    }
}
