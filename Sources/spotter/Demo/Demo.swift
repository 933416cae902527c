import Administration
import ArgumentParser
import Cloud
import Foundation
import Logging
import NIOPosix
import Server
import ServiceLifecycle
import Storage
import UnixSignals
import Vision
import Wire

struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows the main job: train, inspect, package.",
        discussion: """
            Starts a server of its own and does everything through its API, its S3 and its \
            Greengrass, as a program of yours would: bucket and pictures, project, dataset, \
            training, hosting, packaging as a Greengrass component, detection on pictures that \
            training never saw. Without --images or --manifest it draws its pictures itself. On a \
            terminal it goes on serving then, and prints a link to the console with what it made.
            """)

    @Option(help: "Folder with pictures in normal/ and anomaly/.")
    var images: String?

    @Option(
        help: "Ground Truth manifest; its paths are relative to the folder above its own.")
    var manifest: String?

    @Option(help: "Folder for what the demonstration makes.")
    var output = "./spotter-demo"

    @Flag(
        inversion: .prefixedNo,
        help: "Go on serving at the end, until Ctrl-C; as a rule on a terminal only.")
    var serve: Bool?

    private static let marker = ".spotter-demo"

    func validate() throws {
        if images != nil, manifest != nil {
            throw ValidationError("Give --images or --manifest, not both.")
        }
    }

    func run() async throws {
        do {
            try prepareOutput()
            let project = "demo"
            let data = "\(output)/data"
            let bucket = "\(project)-images"
            let region = "us-east-1"
            let logger = Spotter.logger(level: .warning)
            let server = try await SpotterServer(
                configuration: ServerConfiguration(
                    stores: StoresConfiguration(
                        dataDirectory: data, region: region,
                        accountID: StoresOptions.noAccountID),
                    hostname: "127.0.0.1", port: 0),
                environment: ProcessInfo.processInfo.environment, logger: logger)
            let connections = HTTPConnections()
            let pool = NIOThreadPool(numberOfThreads: 2)
            pool.start()
            let staysOpen = serve ?? (isatty(STDOUT_FILENO) == 1)
            try await Self.serve(server, staysOpen: staysOpen) { port in
                let client = DemoClient(
                    endpoint: CloudEndpoint(isSecure: false, host: "127.0.0.1", port: port),
                    region: region, credentials: server.credentials, connections: connections,
                    pool: pool, logger: logger)
                try await client.objects.createBucket(bucket)
                let input = try await input(DemoBucket(objects: client.objects, name: bucket))
                Output.line("Pictures   \(input.description)")
                let tour = DemoTour(
                    client: client, project: project, bucket: bucket, output: output)
                try await tour.run(input)
                let address = staysOpen ? "http://127.0.0.1:\(port)" : nil
                try await next(server, at: address, data: data, project: project)
            }
            try await connections.shutDown()
            try await pool.shutdownGracefully()
        } catch {
            Spotter.exit(with: error)
        }
    }

    /// Says where what was made is shown.
    ///
    /// - Parameter address: nil when the server is about to end.
    private func next(
        _ server: SpotterServer, at address: String?, data: String, project: String
    ) async throws {
        guard let address else {
            Output.line(
                "Next: serve what was made, and open the console by the link that this prints:")
            Output.line("  \(CommandLine.arguments[0]) serve --data-directory \(data)")
            Output.line("It shows the project \(project) with its model.")
            return
        }
        if let link = try await server.consoleLink() {
            Output.line(
                "The console shows the project \(project) with its model; open it by this link:")
            Output.line("    \(address)\(link)")
            Output.line("It is good once, within 15 minutes.")
        }
        Output.line("The server is at \(address); Ctrl-C ends it. Later, the same by:")
        Output.line("  \(CommandLine.arguments[0]) serve --data-directory \(data)")
    }

    /// Runs `body` beside the server, and stops the server when it ends unless it stays open until
    /// a signal comes.
    private static func serve(
        _ server: SpotterServer, staysOpen: Bool,
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let group = try await server.serviceGroup(signals: [.sigint, .sigterm]) { port in
            continuation.yield(port)
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try await group.run()
                continuation.finish()
            }
            if let port = await ports.first(where: { _ in true }) { try await body(port) }
            if !staysOpen { await group.triggerGracefulShutdown() }
            try await tasks.waitForAll()
        }
    }

    /// Makes an empty output folder; a folder that no demonstration made is left alone.
    private func prepareOutput() throws {
        let files = FileManager.default
        if files.fileExists(atPath: output) {
            let isOurs = files.fileExists(atPath: "\(output)/\(Self.marker)")
            guard isOurs || (try? files.contentsOfDirectory(atPath: output).isEmpty) == true else {
                throw DemoError(
                    "\(output) exists and was not made by a demonstration. Choose another "
                        + "--output.")
            }
            try files.removeItem(atPath: output)
        }
        try files.createDirectory(atPath: output, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: "\(output)/\(Self.marker)"))
    }

    private func input(_ bucket: DemoBucket) async throws -> DemoInput {
        if let images { return try await .folder(images, bucket) }
        if let manifest { return try await .manifest(manifest, bucket) }
        return try await .drawn(bucket)
    }
}
