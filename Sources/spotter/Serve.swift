import Administration
import ArgumentParser
import Foundation
import Server
import UnixSignals

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves the API.",
        discussion: """
            Clients need the endpoint and the key: set AWS_ENDPOINT_URL to the address printed, \
            and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to the pair in DIR/credentials, or to \
            SPOTTER_ACCESS_KEY_ID and SPOTTER_SECRET_ACCESS_KEY when the server was started with \
            them. Buckets are the folders of DIR/buckets.
            """)

    @OptionGroup var stores: StoresOptions

    @Option(help: "Address to listen on.")
    var hostname = "127.0.0.1"

    @Option(help: "Port to listen on; 0 takes a free one.")
    var port = 9444

    @OptionGroup var tls: TLSOptions

    @Flag(
        name: .customLong("no-worker"),
        help: "Leaves all jobs to 'spotter worker' processes; needs --state-bucket.")
    var hasNoWorker = false

    @OptionGroup var service: ServiceOptions

    @OptionGroup var backboneOptions: BackboneOptions

    func validate() throws {
        try Spotter.check(port: port)
        try service.check(with: stores, backboneOptions)
        guard !hasNoWorker || stores.stateBucket != nil else {
            throw ValidationError(
                "--no-worker needs --state-bucket: without it no worker can reach what this "
                    + "server keeps, and nobody would do its jobs.")
        }
    }

    func run() async throws {
        await Spotter.reporting {
            var configuration = ServerConfiguration(
                stores: stores.served.configuration, hostname: hostname, port: port)
            configuration.tls = try tls.files()
            try service.apply(to: &configuration, backboneOptions)
            if hasNoWorker { configuration.lanes = [] }
            let server = try await SpotterServer(
                configuration: configuration,
                environment: ProcessInfo.processInfo.environment,
                logger: service.logger)
            if let file = server.credentialsFile { Output.line("The root key is in \(file)") }
            let named = configuration
            try await server.run(gracefulShutdownSignals: [.sigterm, .sigint]) { port in
                let address = named.address(port: port)
                Output.line("Spotter is listening on \(address)")
                if let link = try? await server.consoleLink() {
                    Output.line("The console is at \(address)/console; sign in once, by this link:")
                    Output.line("    \(address)\(link)")
                }
            }
        }
    }
}
