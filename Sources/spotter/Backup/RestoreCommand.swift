import Administration
import ArgumentParser
import Foundation
import Glibc

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Makes a data directory from a backup.",
        discussion: """
            All checksums are compared first, then the files are written, and the database is \
            checked. DIR is there when all of it was right; a folder that has something in it is \
            left alone. The files belong to who runs the command, and the server must run as their \
            owner.
            """)

    @Option(help: ArgumentHelp("What 'spotter backup' has made.", valueName: "folder"))
    var from: String

    @Option(help: "The data directory: a new folder.")
    var dataDirectory = "./spotter-data"

    @Flag(
        help: """
            Objects in buckets that are damaged or missing are left out and named; rows, models \
            and components must be whole in any case.
            """)
    var leaveOutDamagedObjects = false

    func run() async throws {
        await Spotter.reporting {
            let result = try await Restore.run(
                from: from, to: dataDirectory, leavesOutDamagedObjects: leaveOutDamagedObjects,
                progress: ErrorOutput.line)
            for path in result.leftOut { ErrorOutput.line("warning: \(path) was left out") }
            for missing in result.header.missing {
                ErrorOutput.line("warning: the backup never had \(missing)")
            }
            Output.line(
                "\(dataDirectory) is as it was on \(result.header.created.formatted(.iso8601))")
            if getuid() == 0 {
                Output.line(
                    "All of it belongs to root now. Give it to the user of the server: "
                        + "chown -R USER:GROUP \(dataDirectory)")
            }
            Output.line("Next: spotter serve --data-directory \(dataDirectory)")
        }
    }
}
