import Glibc

/// The process's bound on open files and connections.
package enum FileDescriptors {
    /// Raises the soft bound as far as the system lets this process: a login shell gives 1,024,
    /// which a few hundred connections use up.
    ///
    /// - Returns: the soft bound that holds now.
    @discardableResult
    package static func raiseLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return standardLimit
        }
        var raised = limit
        raised.rlim_cur = min(limit.rlim_max, rlim_t(enough))
        if raised.rlim_cur > limit.rlim_cur,
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0
        {
            limit = raised
        }
        return Int(min(limit.rlim_cur, rlim_t(enough)))
    }

    /// More than any bound of Spotter's lets it open; some systems have no bound of their own.
    private static let enough = 65_536
    /// What POSIX promises least is 20; this is what Linux gives.
    private static let standardLimit = 1_024
}
