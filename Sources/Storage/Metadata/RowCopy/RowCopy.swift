import NIOPosix

/// Moves the rows of a SQLite database to a PostgreSQL database: all of them or none.
///
/// Positions stay what they are, so that page tokens and the order of lists do too. Jobs that were
/// running are queued, since the server that worked on them no longer runs. The tables are those of
/// `Schema.tables`: `member` lists the processes that use the old database.
package enum RowCopy {
    /// How many rows of a table were copied.
    package struct TableCount: Sendable, Equatable {
        package let table: String
        /// All rows of the table, or those so far.
        package let rows: Int
    }

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
    ///   `.invalidName` for text that is not a URL of a database and for texts that PostgreSQL does
    ///   not store.
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
        try target.claim(Schema.tables)
        return try Schema.tables.map { table in
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
