/// How far the schema of a database is, beside what this program knows.
package struct SchemaState: Sendable, Equatable {
    /// Steps that the database has; none for one without tables.
    package let applied: [String]
    /// Steps that it lacks. The next start of a server makes them.
    package let missing: [String]
    /// Steps that a newer program has made.
    package let unknown: [String]

    init(applied: [String], known: [String]) {
        self.applied = applied
        missing = known.filter { !applied.contains($0) }
        unknown = applied.filter { !known.contains($0) }
    }
}
