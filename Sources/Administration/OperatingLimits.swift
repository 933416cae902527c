/// Bounds of the operators' commands, each with its reason.
package enum OperatingLimits {
    /// Threads for blocking calls of a command beside servers: one reads while another writes.
    package static let commandThreads = 2
    /// The same for a move, which reads files, computes checksums and sends objects at once.
    static let migrationThreads = 4
    /// Tries to copy what is deleted and made again meanwhile. Each takes less than the one before,
    /// which has copied nearly all.
    static let attemptsMax = 5
    /// The same for one object, which a client may be writing again and again.
    static let objectAttemptsMax = 100
    /// Objects of a bucket that are looked up at once; a folder is read again for each page.
    static let objectsPage = 10_000
    /// Projects that are looked up at once.
    static let projectsPage = 500
    /// Bytes of `backup.json`: a handful of figures, and names of what was missing already.
    static let backupHeaderBytesMax = 16 << 20
    /// Bytes of a line about one file: a key of 1,024 bytes, each of them escaped.
    static let backupLineBytesMax = 16 << 10
    /// Damaged files that a message names; more are counted.
    static let namedFilesMax = 10
    /// Names below one another in a data directory: those of a key, and what is above them.
    static let foldersDeepMax = 1_100
    /// Seconds between two lines of progress: more often nobody can read them.
    static let progressSeconds = 2.0
}
