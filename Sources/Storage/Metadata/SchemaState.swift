/// How far the schema of a database is, compared to the steps that this program knows (`Schema`).
package struct SchemaState: Sendable, Equatable {
    /// Names of the steps that the database has, in their order; none for one without tables.
    package let applied: [String]
    /// Steps that it lacks. The next start of a server makes them.
    package let missing: [String]
    /// Steps that a newer program has made, in the order of their names. With SQLite such a
    /// database is not opened; with PostgreSQL it is if the steps allow it.
    package let unknown: [String]

    init(applied: [String], known: [String]) {
        self.applied = applied
        missing = known.filter { !applied.contains($0) }
        unknown = applied.filter { !known.contains($0) }
    }
}
