import Administration
import ArgumentParser
import Cloud
import Foundation

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Asks a server or a worker how it is; ends with 0 if it is well.",
        discussion: """
            For container engines and scripts. An address of this machine is asked whatever \
            certificate it shows, since that names the machine for others; any other must show one \
            that AWS_CA_BUNDLE or the system vouches for.
            """)

    /// Watchers wait for less than this.
    private static let idleSeconds: Int64 = 4

    @Option(
        help: """
            Its address. Without it the one that 'spotter serve' has by itself: https if \
            SPOTTER_TLS_CERTIFICATE is set.
            """)
    var address: String?

    @Flag(help: "Whether it can do its work: it reaches its database, and the disk has room.")
    var ready = false

    func run() async throws {
        await Spotter.reporting {
            let environment = ProcessInfo.processInfo.environment
            let isSecure = environment["SPOTTER_TLS_CERTIFICATE"]?.isEmpty == false
            let endpoint = try CloudEndpoint(
                url: address ?? "\(isSecure ? "https" : "http")://127.0.0.1:9444")
            let isHere =
                endpoint.host.hasPrefix("127.") || ["localhost", "[::1]"].contains(endpoint.host)
            let connections = HTTPConnections(
                idleSecondsMax: Self.idleSeconds,
                trust: isHere ? .anyone : try CredentialsChain(environment: environment).trust())
            let status = try await connections.status(
                of: endpoint, path: ready ? "/health/ready" : "/health")
            try await connections.shutDown()
            guard status == 200 else {
                throw AdministrationError("\(endpoint.url) answers with status \(status).")
            }
            Output.line("\(endpoint.url) is well")
        }
    }
}
