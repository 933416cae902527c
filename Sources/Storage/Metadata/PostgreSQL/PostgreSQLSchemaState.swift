extension PostgreSQLStore {
    /// How far the schema of a database is; nothing is changed. Blocks.
    ///
    /// - Throws: `StorageError.invalidName` for text that is not a URL of a database; `unavailable`
    ///   when the database cannot be used.
    package static func schema(
        url: String, limits: PostgreSQLLimits = PostgreSQLLimits()
    ) throws(StorageError) -> SchemaState {
        let address = try PostgreSQLAddress(url: url)
        do {
            let connection = try PostgreSQLConnection(address, limits)
            let table = try connection.execute("SELECT to_regclass('spotter_migration')::text", [])
            guard table.blob(0, 0) != nil else {
                return SchemaState(applied: [], known: Schema.names)
            }
            let rows = try connection.execute(
                "SELECT name FROM spotter_migration ORDER BY name", [])
            return SchemaState(
                applied: (0..<rows.count).map { rows.text($0, 0) },
                known: Schema.names)
        } catch {
            throw StorageError(.unavailable, "The \(address) cannot be used: \(error)")
        }
    }
}
