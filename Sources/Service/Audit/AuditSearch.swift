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

    /// The newest lines that match, the newest first.
    ///
    /// - Parameter limit: lines at most.
    /// - Returns: also how many more matched.
    /// - Throws: `StorageError` when the bucket cannot be read.
    package func newest(_ query: Query, limit: Int) async throws -> (lines: [JSONValue], more: Int)
    {
        let reader = AuditReader(since: query.since, until: query.until)
        var found = Found(query: query, limit: limit)
        switch place {
        case .directory(let path):
            found = try await pool.runIfActive { [found] in
                var found = found
                try reader.read(directory: path) { found.take($0) }
                return found
            }
        case .bucket(let objects, let name):
            try await reader.read(objects, bucket: name) { found.take($0) }
        }
        return (found.lines.reversed(), found.count - found.lines.count)
    }

    private struct Found: Sendable {
        let query: Query
        let limit: Int
        var lines: [JSONValue] = []
        var count = 0

        mutating func take(_ line: Data) {
            // Most lines are sorted out before they are parsed.
            if !query.text.isEmpty, line.firstRange(of: Data(query.text.utf8)) == nil { return }
            guard let record = try? JSONValue(parsing: line), matches(record) else { return }
            count += 1
            lines.append(record)
            if lines.count > limit { lines.removeFirst() }
        }

        private func matches(_ record: JSONValue) -> Bool {
            let members = record.object ?? [:]
            let identity = members["userIdentity"]?.object ?? [:]
            let isRoot = identity["type"]?.string == "Root"
            let name = isRoot ? "root" : identity["userName"]?.string ?? ""
            let event = members["eventName"]?.string?.lowercased() ?? ""
            return (query.user.isEmpty || name == query.user)
                && (query.event.isEmpty || event.hasPrefix(query.event.lowercased()))
                && (!query.isFailure || members["errorCode"]?.string != nil)
        }
    }
}
