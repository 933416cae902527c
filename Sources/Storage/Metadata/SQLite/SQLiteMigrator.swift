import GRDB

extension Schema {
    /// The steps for SQLite. GRDB makes those that a database lacks, each in a transaction, and
    /// records their names in the table `grdb_migrations`.
    static var sqliteMigrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for step in steps {
            migrator.registerMigration(step.name) { try $0.execute(sql: step.sql(.sqlite)) }
        }
        return migrator
    }
}
