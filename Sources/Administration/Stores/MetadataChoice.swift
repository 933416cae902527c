package import Storage

/// Where the rows of projects, models, users and jobs are.
package enum MetadataChoice: Sendable, Equatable {
    /// In SQLite, in the data directory.
    case embedded
    /// In PostgreSQL. The URL may have a password in it.
    case postgreSQL(url: String)

    /// Whether no other process can have jobs of it at hand. The holder of the data directory's
    /// lock knows then that all earlier workers are dead.
    package var isOneServersOwn: Bool {
        switch self {
        case .embedded: true
        case .postgreSQL: false
        }
    }

    /// - Throws: `StorageError` for a URL that is not valid; its message has no part of the URL.
    package func check() throws(StorageError) {
        switch self {
        case .embedded: break
        case .postgreSQL(let url): try PostgreSQLStore.check(url: url)
        }
    }

    /// - Parameters:
    ///   - database: the file of the data directory.
    ///   - observer: called before the schema of a PostgreSQL database is changed.
    /// - Throws: `StorageError` when the file cannot be opened or the URL is not valid. PostgreSQL
    ///   is asked with the first transaction only.
    package func open(
        database: String, observer: PostgreSQLSchemaChange.Observer? = nil
    ) throws(StorageError) -> any MetadataStore {
        switch self {
        case .embedded: try SQLiteStore(path: database)
        case .postgreSQL(let url): try PostgreSQLStore(url: url, observer: observer)
        }
    }
}
