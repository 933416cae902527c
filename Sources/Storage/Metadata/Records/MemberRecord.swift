package import FoundationEssentials

/// A process that uses the database, as it describes itself every few seconds.
package struct MemberRecord: Sendable, Codable, Equatable {
    /// What a process does with the database.
    package enum Role: String, Sendable, Codable, CaseIterable {
        /// It answers calls, and may also do jobs.
        case server
        /// It only does jobs.
        case worker
    }

    /// Made at the start of the process.
    package var id: UUID
    package var role: Role
    /// Name of the machine.
    package var host: String
    /// Version of the program.
    package var version: String
    /// Kinds of jobs that it does.
    package var kinds: [String]
    /// Jobs that it does at once.
    package var places: Int
    /// By its own clock.
    package var started: Date
    /// When it last said that it is alive, by its own clock.
    package var seen: Date

    /// A process that starts, and is seen at that moment.
    package init(
        id: UUID, role: Role, host: String, version: String, kinds: [String], places: Int,
        started: Date
    ) {
        self.id = id
        self.role = role
        self.host = host
        self.version = version
        self.kinds = kinds
        self.places = places
        self.started = started
        seen = started
    }
}
