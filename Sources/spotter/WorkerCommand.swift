import Administration
import ArgumentParser
import Foundation
import Server
import Service
import UnixSignals

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Does the jobs of servers that share a database and a bucket.",
        discussion: """
            Start as many as there is to do, on any machine that reaches the database and the S3: \
            give them --metadata, --object-store s3 and --state-bucket as the servers have them. A \
            worker keeps nothing; DIR holds files on their way. SIGTERM gives the jobs at hand \
            back and ends it.
            """)

    @OptionGroup var stores: StoresOptions

    @Option(
        help: ArgumentHelp(
            "Kinds of jobs to do: "
                + JobSubject.Kind.allCases.map(\.rawValue).joined(separator: ", ") + ".",
            valueName: "kind,kind"),
        transform: { text in
            try Set(
                text.split(separator: ",", omittingEmptySubsequences: false).map { name in
                    guard let kind = JobSubject.Kind(rawValue: String(name)) else {
                        let names = JobSubject.Kind.allCases.map(\.rawValue)
                        throw ValidationError(
                            "'\(name)' is not a kind of job. Kinds are "
                                + "\(names.joined(separator: ", ")).")
                    }
                    return kind
                })
        })
    var kinds = Set(JobSubject.Kind.allCases)

    @Option(
        help: """
            Jobs at once. With more than one, one place is kept free of trainings, which share the \
            processor's cores.
            """)
    var concurrency = 2

    @Option(help: "Address for GET /health and GET /metrics.")
    var hostname = "127.0.0.1"

    @Option(help: "Port for them; 0 takes a free one.")
    var port = 9445

    @OptionGroup var tls: TLSOptions

    @OptionGroup var service: ServiceOptions

    @OptionGroup var backboneOptions: BackboneOptions

    func validate() throws {
        try Spotter.check(port: port)
        try service.check(with: stores, backboneOptions)
        guard stores.stateBucket != nil else {
            throw ValidationError(
                "A worker shares everything with its servers: give it --metadata, --object-store "
                    + "s3 and --state-bucket as they have them.")
        }
        guard (1...SpotterWorker.placesMax).contains(concurrency) else {
            throw ValidationError(
                "--concurrency must be 1 to \(SpotterWorker.placesMax), not \(concurrency).")
        }
    }

    func run() async throws {
        await Spotter.reporting {
            var configuration = ServerConfiguration(
                stores: stores.served.configuration, hostname: hostname, port: port)
            configuration.tls = try tls.files()
            try service.apply(to: &configuration, backboneOptions)
            configuration.lanes = WorkerLane.lanes(kinds, places: concurrency)
            let worker = try await SpotterWorker(
                configuration: configuration,
                environment: ProcessInfo.processInfo.environment,
                logger: service.logger)
            let named = configuration
            try await worker.run(gracefulShutdownSignals: [.sigterm, .sigint]) { port in
                Output.line("Spotter works; its state is at \(named.address(port: port))/health")
            }
        }
    }
}
