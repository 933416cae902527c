package import FoundationEssentials
import GRDB

/// What became of jobs, for people who look into failures.
package protocol JobHistory {
    /// Jobs that failed since then, the newest failure first.
    func failedJobs(since date: Date, limit: Int) throws -> [JobRecord]
}

extension SQLiteTransaction: JobHistory {
    func failedJobs(since date: Date, limit: Int) throws -> [JobRecord] {
        // Of a job that has ended, it is the time of its end.
        try all(
            """
            SELECT document FROM job WHERE state = 'failed' AND not_before >= ?
            ORDER BY not_before DESC, position DESC LIMIT ?
            """, [date.timeIntervalSince1970, limit])
    }
}

extension PostgreSQLTransaction: JobHistory {
    func failedJobs(since date: Date, limit: Int) throws -> [JobRecord] {
        try all(
            """
            SELECT document FROM job WHERE state = 'failed' AND not_before >= $1
            ORDER BY not_before DESC, position DESC LIMIT $2
            """, [date.timeIntervalSince1970, limit])
    }
}
