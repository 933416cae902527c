package import Access
import Wire

/// What the console does beside the API, for those who run an installation. The rights are judged
/// by the caller's policy, like all others, on every resource (`*`).
package enum OperatingRight: String, Sendable, CaseIterable {
    /// Users, their keys and policies. Who has it can give anybody every right.
    case manageUsers = "spotter:ManageUsers"
    /// All lines of the audit log.
    case readAudit = "spotter:ReadAudit"
    /// Jobs of all projects, servers and workers, memory and disk.
    case readOperations = "spotter:ReadOperations"
}

extension Operations {
    /// - Throws: `accessDenied` for a caller whose policy does not allow it.
    package func authorize(_ right: OperatingRight) throws(AccessError) {
        try caller.principal.check(caller.request([right.rawValue], on: "*"))
    }
}
