import Administration
import ArgumentParser

/// `--metadata`, for all commands that read or change what a server keeps in its database.
struct MetadataOption: ParsableArguments {
    @Option(
        name: .customLong("metadata"),
        help: ArgumentHelp(
            """
            PostgreSQL database for metadata and jobs in place of SQLite in the data directory: \
            postgres://USER@HOST/DATABASE?sslmode=verify-full. The password comes from PGPASSWORD \
            or ~/.pgpass.
            """, valueName: "url"))
    var url: String?

    var choice: MetadataChoice { url.map { .postgreSQL(url: $0) } ?? .embedded }

    func validate() throws {
        do { try choice.check() } catch { throw ValidationError("--metadata: \(error)") }
    }
}
