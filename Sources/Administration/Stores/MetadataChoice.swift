package import Storage

/// Where the rows of projects, models, users and jobs are.
package enum MetadataChoice: Sendable, Equatable {
    /// In SQLite, in the data directory.
    case embedded
    /// In PostgreSQL. The URL may have a password in it.
    case postgreSQL(url: String)

    /// Whether no other process can have jobs in it at hand: whoever holds the lock of the data
    /// directory knows then that the workers of before are dead.
    package var isOneServersOwn: Bool {
        switch self {
        case .embedded: true
        case .postgreSQL: false
        }
    }

    /// - Throws: `StorageError` for a URL that is none, without any part of it.
    package func check() throws(StorageError) {
        switch self {
        case .embedded: break
        case .postgreSQL(let url): try PostgreSQLStore.check(url: url)
        }
    }

    /// - Parameter database: the file of the data directory.
    /// - Throws: `StorageError`. PostgreSQL is asked with the first call only.
    package func open(database: String) throws(StorageError) -> any MetadataStore {
        switch self {
        case .embedded: try SQLiteStore(path: database)
        case .postgreSQL(let url): try PostgreSQLStore(url: url)
        }
    }
}
