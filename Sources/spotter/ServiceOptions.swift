import Administration
import ArgumentParser
import Base
import Logging
import Server
import Service

/// What servers and workers have in common, beside their stores: how jobs are done.
///
/// The options of a backbone's file stand beside these and not within them: a debug build checks a
/// group of options five times as often for each group around it.
struct ServiceOptions: ParsableArguments {
    @Option(
        help: """
            Where packaging jobs register components: 'embedded' is Spotter's own registry, 'aws' \
            the real Greengrass of --region and --account-id, with the key as for S3. It reads the \
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
            What models of projects are built on that were given nothing of their own: the ONNX \
            file of a network, or 'own' for those that come with Spotter, whose weights no \
            photograph taught. Without it, EfficientNet-Lite0 where set-up could fetch it.
            """, valueName: "file.onnx|own"))
    var backbone: String?

    @Option(help: "Who may read GET /metrics, which needs no signature: local, everyone, nobody.")
    var metrics = MetricsAccess.local

    @Option(help: "Log lines on standard error: text, or json with one object a line.")
    var logFormat = LineLogHandler.Format.text

    @Option(
        help: "Least level of log lines: trace, debug, info, notice, warning, error, critical.",
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else {
                throw ValidationError(
                    "'\(text)' is not a log level. Use trace, debug, info, notice, warning, error or "
                        + "critical.")
            }
            return level
        })
    var logLevel: Logger.Level = .info

    var logger: Logger { Spotter.logger(level: logLevel, format: logFormat) }

    func validate() throws {
        _ = try adjustedLimits()
        guard greengrass == .aws || greengrassEndpoint == nil else {
            throw ValidationError("--greengrass-endpoint needs --greengrass aws.")
        }
    }

    /// Checks what can only be seen beside the options of the stores and of the backbone's file.
    func check(with stores: StoresOptions, _ backboneOptions: BackboneOptions) throws {
        try backboneOptions.check(isFile: backbone != nil && backbone != BackboneChoice.ownName)
        guard greengrass == .aws, greengrassEndpoint == nil else { return }
        guard stores.objectStore == .s3, stores.s3Endpoint == nil else {
            throw ValidationError(
                "Amazon's Greengrass reads artifacts from Amazon's S3 only: --greengrass aws "
                    + "needs --object-store s3, and no --s3-endpoint.")
        }
        guard stores.accountID != StoresOptions.noAccountID else {
            throw ValidationError(
                "--greengrass aws needs --account-id: the number of the account that is to "
                    + "own the components.")
        }
    }

    private func adjustedLimits() throws -> AdjustableLimits {
        var adjusted = AdjustableLimits()
        for limit in limits {
            if let problem = adjusted.set(limit) { throw ValidationError("--limit: \(problem)") }
        }
        return adjusted
    }

    func backboneChoice(_ options: BackboneOptions) -> BackboneChoice {
        BackboneChoice(backbone, annotations: options.annotations)
    }

    func apply(
        to configuration: inout ServerConfiguration, _ backboneOptions: BackboneOptions
    ) throws {
        configuration.limits = try adjustedLimits()
        configuration.metricsAccess = metrics
        if greengrass == .aws { configuration.greengrass = .aws(endpoint: greengrassEndpoint) }
        configuration.backbone = backboneChoice(backboneOptions)
    }
}

extension MetricsAccess: ExpressibleByArgument {}
extension LineLogHandler.Format: ExpressibleByArgument {}

enum GreengrassKind: String, ExpressibleByArgument, CaseIterable {
    case embedded
    case aws
}
