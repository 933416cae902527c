import Administration
import ArgumentParser
import Foundation
import Storage

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Moves a data directory's rows to PostgreSQL, and its objects to an S3.",
        discussion: """
            The server must be stopped. With --object-store s3 the buckets of users are copied, \
            with --state-bucket models, backbones and components too. Rows go last, in one \
            transaction: after a failure start the command once more. The data directory keeps \
            all that it has, and gets a file \(MovedRows.fileName), which keeps servers and \
            backups from the old rows.
            """)

    enum Source: String, ExpressibleByArgument, CaseIterable { case sqlite }
    enum Target: String, ExpressibleByArgument, CaseIterable { case postgres }

    @Option(help: "Where rows are now.")
    var from: Source

    @Option(help: "Where they go.")
    var to: Target

    @OptionGroup var stores: StoresOptions

    @Flag(
        help: """
            Objects that the S3 has under the same keys give way, also where their content is \
            another.
            """)
    var overwrite = false

    func validate() throws {
        guard stores.metadataURL != nil else {
            throw ValidationError(
                "--to postgres needs --metadata: the address of an empty PostgreSQL database.")
        }
    }

    func run() async throws {
        await Spotter.reporting {
            let result = try await Migration(
                stores.configuration, overwrites: overwrite,
                environment: ProcessInfo.processInfo.environment, progress: ErrorOutput.line
            ).run()
            for table in result.tables { Output.line("\(table.rows) rows of \(table.table)") }
            show(result)
        }
    }

    private func show(_ result: Migration.Result) {
        if stores.objectStore == .s3 {
            Output.line("\(result.objects) objects (\(result.objectsThere) were there already)")
            if result.uploadsLeft > 0 {
                Output.line(
                    "warning: \(result.uploadsLeft) multipart uploads that were not completed stay "
                        + "behind; their clients must begin them again")
            }
        }
        // The address may have a password in it.
        var next = "spotter serve --metadata URL"
        if stores.objectStore == .s3 { next += " --object-store s3" }
        if let endpoint = stores.s3Endpoint { next += " --s3-endpoint \(endpoint)" }
        if let region = stores.s3Region { next += " --s3-region \(region)" }
        // ARNs that clients know and their signatures have both.
        if stores.region != StoresOptions.standardRegion { next += " --region \(stores.region)" }
        if stores.accountID != StoresOptions.noAccountID {
            next += " --account-id \(stores.accountID)"
        }
        if let bucket = stores.stateBucket {
            Output.line(
                "\(result.models) models, \(result.backbones) backbones, \(result.components) "
                    + "components in the bucket \(bucket)")
            next += " --state-bucket \(bucket)"
        } else {
            Output.line(
                "Models and components stay in \(stores.dataDirectory), so that only one server "
                    + "may use them: start it with this folder. With --state-bucket they move too.")
            next += " --data-directory \(stores.dataDirectory)"
        }
        Output.line(
            "Next, with the address that --metadata had here and all other options that the server "
                + "had: \(next)")
    }
}
