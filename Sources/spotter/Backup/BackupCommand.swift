import Administration
import ArgumentParser
import Foundation

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copies a data directory, beside the running server.",
        discussion: """
            The copy is consistent: what its rows name is in it. FOLDER is there when it is whole; \
            'spotter restore' makes a data directory of it. It holds all secrets and is for its \
            owner only. Files that only Spotter writes are not copied where both folders are in \
            one file system, but get a second name; move the backup to another disk then.
            """)

    @OptionGroup var stores: StoresOptions

    @Option(help: ArgumentHelp("The backup: a new folder.", valueName: "folder"))
    var to: String

    @Flag(name: .customLong("with-audit-log"), help: "Whether the audit log comes along.")
    var withAuditLog = false

    @Flag(help: "Copies every file, so that the backup shares none with the data directory.")
    var copy = false

    func validate() throws {
        guard stores.metadataURL == nil else {
            throw ValidationError(
                "'spotter backup' is for rows in the data directory. Save a PostgreSQL database "
                    + "with pg_dump or by its own archiving first; then copy the data directory, "
                    + "where models and objects are without --state-bucket, and save what is in "
                    + "an S3 by its means (versions, replication).")
        }
        guard stores.objectStore == .directory else {
            throw ValidationError(
                "Objects in another S3 are saved by its own means (versions, replication). Without "
                    + "--object-store, 'spotter backup' saves the rest of the data directory.")
        }
    }

    func run() async throws {
        await Spotter.reporting {
            var options = Backup.Options()
            options.hasAuditLog = withAuditLog
            options.copiesAll = copy
            let header = try await Backup.make(
                dataDirectory: stores.dataDirectory, to: to, options: options,
                progress: ErrorOutput.line)
            Output.line(
                "\(to): \(header.files) files of \(header.bytes >> 20) MB; \(header.projects) "
                    + "projects, \(header.models) models, \(header.components) components, "
                    + "\(header.buckets.count) buckets")
            for missing in header.missing {
                ErrorOutput.line("warning: the data directory itself lacks \(missing)")
            }
        }
    }
}

/// Standard error, for what is not the result.
enum ErrorOutput {
    @Sendable static func line(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
