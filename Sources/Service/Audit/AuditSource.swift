package import FoundationEssentials

/// The server that wrote an audit line.
package struct AuditSource: Sendable, Equatable {
    /// Name of the machine, or of the pod.
    package let host: String
    /// Of the process among the members: eight hexadecimal digits.
    package let member: String

    /// - Parameter member: ID of the process in the table of members.
    package init(host: String, member: UUID) {
        self.host = host
        self.member = String(member.uuidString.lowercased().prefix(8))
    }

    /// The name of this machine; letters, digits, dots, dashes and underscores, 63 at most.
    package static let hostName: String = {
        let name = ProcessInfo.processInfo.hostName.unicodeScalars.prefix(63).map { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", ".", "-", "_": Character(scalar)
            default: Character("-")
            }
        }
        return name.isEmpty ? "localhost" : String(name)
    }()
}
