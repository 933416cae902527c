import NIOPosix

/// Moves the rows of a SQLite database to a PostgreSQL database: all of them or none.
///
/// Positions stay what they are, so that page tokens and the order of lists do too. Jobs that were
/// running are queued: whoever worked on them was the server that no longer runs. `member` is left
/// out: it tells who is alive beside the old database.
package enum RowCopy {
    /// How many rows of a table were copied.
    package struct TableCount: Sendable, Equatable {
        package let table: String
        package let rows: Int
    }

    /// Those that name others come after them.
    static let tables = [
        "project", "dataset", "dataset_entry", "dataset_change", "model", "packaging_job", "job",
        "client_token", "tag", "setting", "user", "component", "staged_object",
    ]

    /// Copies all rows in one transaction, which counts them at its end.
    ///
    /// The source is only read. It may have an older schema: what is copied is a snapshot in a
    /// temporary file of SQLite's (in `SQLITE_TMPDIR`, else in `/var/tmp`), which is brought up to
    /// date. What a server writes to the source meanwhile or later is not in it, so none may run.
    ///
    /// The target gets its tables if it has none. It must have no rows but settings, which are
    /// replaced, and no server or worker may use it.
    ///
    /// - Parameters:
    ///   - path: the file of the SQLite database.
    ///   - url: as `PostgreSQLStore` takes it.
    ///   - progress: gets the rows of a table that were sent so far, from time to time and at the
    ///     table's end. It is called on a thread that may block.
    /// - Returns: the count of each table, in the order of copying.
    /// - Throws: `StorageError`; then nothing was written, except when it says that nobody knows.
    ///   `.invalidName` for a URL that is none and for texts that PostgreSQL does not take.
    package static func copy(
        sqlite path: String, to url: String,
        progress: @escaping @Sendable (TableCount) -> Void
    ) async throws -> [TableCount] {
        let address = try PostgreSQLAddress(url: url)
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        defer { threads.shutdownGracefully { _ in } }
        return try await threads.runIfActive {
            let source = try RowCopySource(path: path)
            let target = try RowCopyTarget(address)
            return try target.transaction { try copy(source, to: target, progress) }
        }
    }

    private static func copy(
        _ source: RowCopySource, to target: RowCopyTarget,
        _ progress: (TableCount) -> Void
    ) throws -> [TableCount] {
        try target.claim(tables)
        return try tables.map { table in
            let columns = try source.columns(of: table)
            var rows = 0
            try source.batches(of: table, columns) { batch in
                try target.insert(batch, into: table, columns)
                rows += batch.count
                progress(TableCount(table: table, rows: rows))
            }
            let count = TableCount(table: table, rows: rows)
            if rows == 0 { progress(count) }
            if columns.contains("position") {
                try target.goOn(after: source.lastPosition(of: table), in: table)
            }
            let (there, here) = (try source.count(table), try target.count(table))
            guard rows == there, rows == here else {
                throw StorageError(
                    .unavailable,
                    "Table \(table) has \(there) rows, of which \(rows) were sent and \(here) "
                        + "arrived; nothing was written.")
            }
            return count
        }
    }
}
