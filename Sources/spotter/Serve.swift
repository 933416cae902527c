import ArgumentParser
import Foundation
import Logging
import Server
import Service
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

    @Option(help: "Folder for the database, objects, models and components.")
    var dataDirectory = "./spotter-data"

    @OptionGroup var metadata: MetadataOption

    @Option(help: "Address to listen on.")
    var hostname = "127.0.0.1"

    @Option(help: "Port to listen on; 0 takes a free one.")
    var port = 9444

    @Option(help: "Region that clients sign for and ARNs name.")
    var region = "us-east-1"

    @Option(name: .customLong("account-id"), help: "Account number in ARNs: 12 digits.")
    var accountID = Self.noAccountID

    private static let noAccountID = "000000000000"

    @Option(
        help: """
            Where objects lie: 'directory' is the data directory, 's3' another S3, with the key of \
            AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or of the AWS profile.
            """)
    var objectStore = ObjectStoreKind.directory

    @Option(
        name: .customLong("s3-endpoint"),
        help: ArgumentHelp("Address of that S3; Amazon's own without it.", valueName: "url"))
    var s3Endpoint: String?

    @Option(
        name: .customLong("s3-region"),
        help: "Region of that S3; AWS_REGION, the profile's or --region without it.")
    var s3Region: String?

    @Option(
        help: """
            Where packaging jobs register components: 'embedded' is the data directory, 'aws' the \
            real Greengrass of --region and --account-id, with the key as for S3. It reads the \
            artifacts from S3, so it goes with --object-store s3.
            """)
    var greengrass = GreengrassKind.embedded

    @Option(
        name: .customLong("greengrass-endpoint"),
        help: ArgumentHelp(
            "Address of another server of Greengrass' protocol in place of Amazon's.",
            valueName: "url"))
    var greengrassEndpoint: String?

    @Option(
        name: .customLong("limit"),
        help: ArgumentHelp(
            "Another value for a limit, as NAME=NUMBER; may be given more than once. Names: "
                + AdjustableLimits.settings.map { "\($0.name) (\($0.meaning))" }
                .joined(separator: ", ") + ".", valueName: "name=number"))
    var limits: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            ONNX file of the network that models are built on, in place of the one that comes with \
            Spotter; for projects that were given none of their own.
            """, valueName: "file.onnx"))
    var backbone: String?

    @OptionGroup var backboneOptions: BackboneOptions

    @Option(help: "Who may read GET /metrics, which needs no signature: local, everyone, nobody.")
    var metrics = MetricsAccess.local

    @Option(
        help: "Least level of log lines: trace, debug, info, notice, warning, error, critical.",
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else {
                throw ValidationError("'\(text)' is no log level; try info or debug.")
            }
            return level
        })
    var logLevel: Logger.Level = .info

    func validate() throws {
        guard (0...65_535).contains(port) else {
            throw ValidationError("--port must be 0 to 65535, not \(port).")
        }
        guard accountID.wholeMatch(of: /[0-9]{12}/) != nil else {
            throw ValidationError("--account-id must have 12 digits, not '\(accountID)'.")
        }
        _ = try adjustedLimits()
        guard objectStore == .s3 || s3Endpoint == nil && s3Region == nil else {
            throw ValidationError("--s3-endpoint and --s3-region need --object-store s3.")
        }
        guard greengrass == .aws || greengrassEndpoint == nil else {
            throw ValidationError("--greengrass-endpoint needs --greengrass aws.")
        }
        if greengrass == .aws, greengrassEndpoint == nil {
            guard objectStore == .s3, s3Endpoint == nil else {
                throw ValidationError(
                    "Amazon's Greengrass reads artifacts from Amazon's S3 only: --greengrass aws "
                        + "needs --object-store s3, and no --s3-endpoint.")
            }
            guard accountID != Self.noAccountID else {
                throw ValidationError(
                    "--greengrass aws needs --account-id: the number of the account that is to "
                        + "own the components.")
            }
        }
        try backboneOptions.check(isFile: backbone != nil)
        guard region.wholeMatch(of: /[a-z0-9-]{1,32}/) != nil else {
            throw ValidationError("--region must be like us-east-1, not '\(region)'.")
        }
    }

    private func adjustedLimits() throws -> AdjustableLimits {
        var adjusted = AdjustableLimits()
        for limit in limits {
            if let problem = adjusted.set(limit) { throw ValidationError("--limit: \(problem)") }
        }
        return adjusted
    }

    func run() async throws {
        do {
            let hostname = hostname
            var configuration = ServerConfiguration(
                dataDirectory: dataDirectory, hostname: hostname, port: port, region: region,
                accountID: accountID)
            configuration.limits = try adjustedLimits()
            configuration.metricsAccess = metrics
            configuration.metadata = metadata.choice
            if objectStore == .s3 {
                configuration.objectStore = .s3(endpoint: s3Endpoint, region: s3Region)
            }
            if greengrass == .aws {
                configuration.greengrass = .aws(endpoint: greengrassEndpoint)
            }
            configuration.backbonePath = backbone
            configuration.backboneAnnotations = backboneOptions.annotations
            let server = try await SpotterServer(
                configuration: configuration,
                environment: ProcessInfo.processInfo.environment,
                logger: Spotter.logger(level: logLevel))
            if let file = server.credentialsFile { Output.line("The root key is in \(file)") }
            try await server.run(gracefulShutdownSignals: [.sigterm, .sigint]) { port in
                Output.line("Spotter is listening on http://\(hostname):\(port)")
            }
        } catch {
            Spotter.exit(with: error)
        }
    }
}

extension MetricsAccess: ExpressibleByArgument {}

enum ObjectStoreKind: String, ExpressibleByArgument, CaseIterable {
    case directory
    case s3
}

enum GreengrassKind: String, ExpressibleByArgument, CaseIterable {
    case embedded
    case aws
}

/// Standard output, written at once: whoever waits for a line through a pipe sees it.
enum Output {
    static func line(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }
}
