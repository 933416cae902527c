import Base
package import FoundationEssentials
package import NIOPosix
package import Storage
package import Wire

/// Looks for lines of the audit log, for people.
package struct AuditSearch: Sendable {
    /// Where the lines are.
    package enum Place: Sendable {
        /// The folder of a lone server.
        case directory(String)
        /// The state bucket of a cluster, to which all servers deliver theirs.
        case bucket(any ObjectStore, name: String)
    }

    /// What is looked for; empty texts match every line.
    package struct Query: Sendable {
        package var since: Date
        package var until: Date?
        /// Name of the user; `root` for the root key.
        package var user: String
        /// Beginning of the operation's name, whatever its case.
        package var event: String
        /// Anywhere in the line, with case.
        package var text: String
        /// Whether only calls that failed are wanted.
        package var isFailure: Bool

        package init(
            since: Date, until: Date? = nil, user: String = "", event: String = "",
            text: String = "", isFailure: Bool = false
        ) {
            self.since = since
            self.until = until
            self.user = user
            self.event = event
            self.text = text
            self.isFailure = isFailure
        }
    }

    private let place: Place
    private let pool: NIOThreadPool

    /// - Parameter pool: for reading files.
    package init(_ place: Place, pool: NIOThreadPool) {
        self.place = place
        self.pool = pool
    }

    /// A log in a bucket is read for the last hour first, then for eight times as long, and so on:
    /// what is read again is an eighth of what comes next.
    private static let spanSeconds = 3_600.0
    private static let spanFactor = 8.0

    /// The newest lines that match, the newest first. Reading ends where the lines are enough, so
    /// that a search costs what it shows and not what the log has.
    ///
    /// - Parameter limit: lines at most.
    /// - Returns: also whether more may match.
    /// - Throws: `StorageError` when the bucket cannot be read.
    package func newest(_ query: Query, limit: Int, now: Date) async throws
        -> (lines: [JSONValue], hasMore: Bool)
    {
        switch place {
        case .directory(let path):
            return try await pool.runIfActive { try Self.newest(query, limit: limit, in: path) }
        case .bucket(let objects, let name):
            let end = query.until ?? now
            var span = Self.spanSeconds
            var found = Found(query: query, limit: limit)
            while true {
                let since = max(query.since, end.addingTimeInterval(-span))
                found = Found(query: query, limit: limit)
                try await AuditReader(since: since, until: query.until).read(objects, bucket: name)
                {
                    found.take($0)
                }
                if found.hasMore || since <= query.since { break }
                span *= Self.spanFactor
            }
            return (found.lines.reversed(), found.hasMore)
        }
    }

    private static func newest(_ query: Query, limit: Int, in directory: String) throws
        -> (lines: [JSONValue], hasMore: Bool)
    {
        var lines: [JSONValue] = []
        var hasMore = false
        try AuditReader(since: query.since, until: query.until).readNewestFirst(
            directory: directory
        ) { line in
            guard let record = query.match(line) else { return true }
            hasMore = lines.count == limit
            if !hasMore { lines.append(record) }
            return !hasMore
        }
        return (lines, hasMore)
    }

    private struct Found: Sendable {
        let query: Query
        let limit: Int
        var lines: [JSONValue] = []
        var hasMore = false

        mutating func take(_ line: Data) {
            guard let record = query.match(line) else { return }
            lines.append(record)
            if lines.count > limit {
                lines.removeFirst()
                hasMore = true
            }
        }
    }
}

extension AuditSearch.Query {
    /// The line's members; nil for one that is not looked for.
    fileprivate func match(_ line: Data) -> JSONValue? {
        // Most lines are sorted out before they are parsed.
        if !text.isEmpty, line.firstRange(of: Data(text.utf8)) == nil { return nil }
        guard let record = try? JSONValue(parsing: line) else { return nil }
        let members = record.object ?? [:]
        let identity = members["userIdentity"]?.object ?? [:]
        let isRoot = identity["type"]?.string == "Root"
        let name = isRoot ? "root" : identity["userName"]?.string ?? ""
        let operation = members["eventName"]?.string?.lowercased() ?? ""
        let isMatch =
            (user.isEmpty || name == user)
            && (event.isEmpty || operation.hasPrefix(event.lowercased()))
            && (!isFailure || members["errorCode"]?.string != nil)
        return isMatch ? record : nil
    }
}
