/// The version of both programs, of the agent's component and of what backups and members record.
package enum SpotterVersion {
    /// SemVer 2.0.0.
    package static let current = "0.1.0"
}
