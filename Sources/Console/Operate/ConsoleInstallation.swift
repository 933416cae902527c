package import Service

/// What the console shows of the server and the installation that it belongs to.
package struct ConsoleInstallation: Sendable {
    let membership: Membership
    let audit: AuditSearch
    let freeBytes: @Sendable () -> Int?
    let version: String
    let agentBundle: @Sendable (_ architecture: String) -> String?

    /// - Parameters:
    ///   - membership: knows the servers and workers that are alive.
    ///   - audit: where this installation's audit lines are.
    ///   - freeBytes: what the disk of the data directory has left; nil where the system does not
    ///     say.
    ///   - version: of the program.
    ///   - agentBundle: the folder beside the program that has the agent's files for `amd64` or
    ///     `aarch64`, ready to be published; nil where there is none.
    package init(
        membership: Membership, audit: AuditSearch, freeBytes: @escaping @Sendable () -> Int?,
        version: String, agentBundle: @escaping @Sendable (_ architecture: String) -> String?
    ) {
        self.membership = membership
        self.audit = audit
        self.freeBytes = freeBytes
        self.version = version
        self.agentBundle = agentBundle
    }
}
