package import FoundationEssentials
import Service
package import Storage

/// What figures mean for a server's health. Pure.
package enum Diagnosis {
    /// Seconds between two clocks from which something is worth saying, and from which things go
    /// wrong: leases have 30 s and count on clocks, signatures 5 minutes.
    static let skewSecondsWarning = 1.0
    static let skewSecondsFailed = 5.0
    /// A call asks the database three to five times.
    static let roundTripMillisecondsWarning = 50.0
    /// A training writes tens of megabytes; a full disk ends all work.
    static let freeBytesWarning = 5 << 30
    static let freeBytesFailed = 512 << 20
    /// Jobs that wait longer want more workers.
    static let waitSecondsWarning: TimeInterval = 3600
    /// Names in one line; more are counted.
    static let namesMax = 5

    /// - Parameters:
    ///   - owner: whose clock it is beside our own.
    ///   - seconds: that it is ahead of ours.
    ///   - uncertainty: seconds that the difference may be wrong by, as the answer took a while.
    package static func clock(of owner: String, aheadBy seconds: Double, uncertainty: Double)
        -> Finding
    {
        let check = "clock of \(owner)"
        let least = max(0, abs(seconds) - uncertainty)
        guard least >= skewSecondsWarning else {
            return .ok(check, "agrees with this machine's within \(shown(least + uncertainty)) s")
        }
        let text =
            "is \(shown(abs(seconds))) s \(seconds > 0 ? "ahead of" : "behind") this machine's"
        let remedy =
            "Let both machines follow NTP (chrony, systemd-timesyncd); leases of jobs have "
            + "\(Int(Limits.leaseSeconds)) s and count on clocks."
        return least >= skewSecondsFailed
            ? .failed(check, text, do: remedy) : .warning(check, text, do: remedy)
    }

    /// - Parameter milliseconds: of the median round trip.
    package static func roundTrip(milliseconds: Double) -> Finding {
        let text = "a read takes \(shown(milliseconds)) ms"
        return milliseconds < roundTripMillisecondsWarning
            ? .ok("round trip", text)
            : .warning(
                "round trip", text,
                do: "Run servers near their database; a call asks it three to five times.")
    }

    /// Judges the free bytes of the disk that holds `path` by `freeBytesWarning` and
    /// `freeBytesFailed`.
    package static func space(freeBytes: Int, at path: String) -> Finding {
        let text = "\(path) has \(freeBytes >> 20) MB free"
        let remedy = "Make room, or move the data directory to a larger disk."
        return switch freeBytes {
        case ..<freeBytesFailed: .failed("disk space", text, do: remedy)
        case ..<freeBytesWarning: .warning("disk space", text, do: remedy)
        default: .ok("disk space", text)
        }
    }

    /// - Parameter isShared: whether programs of several versions may use the database.
    package static func schema(_ state: SchemaState, isShared: Bool) -> Finding {
        func names(_ steps: [String]) -> String { steps.joined(separator: ", ") }
        if state.applied.isEmpty {
            return .warning(
                "schema", "the database has no tables yet",
                do: "Start 'spotter serve' once; it makes them.")
        }
        if !state.missing.isEmpty {
            return .warning(
                "schema", "the database lacks \(names(state.missing))",
                do: "Restart the servers with this version; the first one adds what is missing.")
        }
        if !state.unknown.isEmpty {
            let text = "a newer Spotter added \(names(state.unknown))"
            return isShared
                ? .warning("schema", text, do: "Bring this machine's Spotter up to date.")
                : .failed("schema", text, do: "Use the newer Spotter on this data directory.")
        }
        return .ok("schema", "is up to date: \(state.applied.last ?? "")")
    }

    /// Servers and workers that are alive.
    package static func members(_ members: [MemberRecord], version: String) -> [Finding] {
        guard !members.isEmpty else {
            return [
                .warning(
                    "members", "no server and no worker is alive",
                    do: "Start 'spotter serve', unless it is stopped on purpose.")
            ]
        }
        let groups = Dictionary(grouping: members) { "\($0.role.rawValue) \($0.version)" }
        let text = groups.sorted { $0.key < $1.key }.map { name, members in
            "\(members.count) × \(name) (\(some(members.map(\.host))))"
        }.joined(separator: ", ")
        let versions = Set(members.map(\.version) + [version])
        return [
            versions.count == 1
                ? .ok("members", text)
                : .warning(
                    "members", "\(text); this program is \(version)",
                    do: "Fine during an upgrade; bring all to one version after it.")
        ]
    }

    /// Rows of jobs, and who would do them.
    package static func jobs(
        counts: [JobCount], running: [JobRecord], failed: [JobRecord], members: [MemberRecord],
        now: Date
    ) -> [Finding] {
        let queued = counts.filter { $0.state == .queued && $0.count > 0 }
        var findings = [waiting(queued, now)]
        let kinds = Set(members.flatMap(\.kinds))
        let undone = queued.map(\.kind).filter { !kinds.contains($0) }.sorted()
        if !undone.isEmpty, !members.isEmpty {
            findings.append(
                .failed(
                    "kinds of jobs",
                    "jobs wait that nobody who is alive does: \(undone.joined(separator: ", "))",
                    do: "Start 'spotter worker --kinds \(undone.joined(separator: ","))'."))
        }
        let expired = running.filter { job in
            job.leaseExpiry.map { now.timeIntervalSince($0) > Limits.leaseSeconds } ?? false
        }
        findings.append(
            expired.isEmpty
                ? .ok("leases", "\(running.count) jobs are being done")
                : .warning(
                    "leases",
                    "\(expired.count) of \(running.count) running jobs have lost their worker",
                    do: "A server or worker that is alive takes them over; see 'members'."))
        findings.append(failures(failed))
        return findings
    }

    private static func waiting(_ queued: [JobCount], _ now: Date) -> Finding {
        guard let oldest = queued.map(\.oldest).min() else {
            return .ok("queue", "no job waits")
        }
        let text = queued.sorted { $0.kind < $1.kind }.map { "\($0.count) × \($0.kind)" }
            .joined(separator: ", ")
        let seconds = max(0, now.timeIntervalSince(oldest))
        let waits = "\(text) wait, the oldest for \(Int(seconds)) s"
        return seconds < waitSecondsWarning
            ? .ok("queue", waits)
            : .warning("queue", waits, do: "Start more workers, or find out why these do nothing.")
    }

    private static func failures(_ failed: [JobRecord]) -> Finding {
        guard !failed.isEmpty else {
            return .ok("failed jobs", "none in the last day")
        }
        let named = failed.prefix(namesMax).map { job in
            let subject = (try? JobSubject(of: job))?.description ?? job.kind
            return "\(subject): \((job.lastError ?? "no reason is known").prefix(160))"
        }
        let more = failed.count - named.count
        return .warning(
            "failed jobs",
            "\(failed.count) in the last day: \(named.joined(separator: "; "))"
                + (more > 0 ? "; and \(more) more" : ""),
            do: "Mend what the messages name, and repeat the calls.")
    }

    /// Objects that no row names, and that should have been removed.
    package static func staged(_ objects: [StagedObject], limit: Int) -> Finding {
        guard !objects.isEmpty else { return .ok("left objects", "none") }
        let count = objects.count < limit ? "\(objects.count)" : "\(limit) or more"
        return .warning(
            "left objects", "\(count) objects wait to be removed, first \(objects[0].key)",
            do: "A running server removes them every ten minutes; see its log if it does not.")
    }

    /// - Parameters:
    ///   - names: models that are HOSTED and have lost a file.
    ///   - count: of all that are HOSTED.
    package static func hosted(without names: [String], of count: Int) -> Finding {
        names.isEmpty
            ? .ok("hosted models", "\(count), all with their files")
            : .failed(
                "hosted models",
                "\(names.count) of \(count) have lost their files: \(some(names))",
                do: "Restore the files from a backup, or delete the models and train them again.")
    }

    private static func some(_ names: [String]) -> String {
        let named = names.prefix(namesMax).joined(separator: ", ")
        return names.count > namesMax ? "\(named) and \(names.count - namesMax) more" : named
    }

    private static func shown(_ number: Double) -> String {
        let tenths = (number * 10).rounded() / 10
        return number < 0.05 ? "0.1" : "\(tenths)"
    }
}
