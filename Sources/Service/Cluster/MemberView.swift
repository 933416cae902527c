package import FoundationEssentials
package import Storage

/// Who is alive, judged by what one member saw of the rows that all of them write. Pure.
///
/// A row lives while it changes. Clocks of different machines are compared at the first look only;
/// after it a row's age is the time, by our own clock, in which we looked and saw no change. Time
/// in which nobody could look, because the database was away or this process stood still, makes
/// nobody older: the view stays as it was, and everybody gets the usual time to be heard of again.
package struct MemberView: Sendable {
    private struct Known {
        var record: MemberRecord
        /// Observed seconds since its row last changed.
        var unchangedSeconds: TimeInterval = 0
    }

    private let own: UUID
    private var known: [UUID: Known] = [:]
    private var looked: Date?

    /// - Parameter own: ID of the process whose view it is; it always counts itself as alive.
    package init(own: UUID) { self.own = own }

    /// Takes what the table holds now.
    ///
    /// - Returns: rows that have not changed for `Limits.memberForgottenSeconds`, to be removed.
    package mutating func observe(_ rows: [MemberRecord], now: Date) -> [MemberRecord] {
        let isFirst = looked == nil
        let elapsed = looked.map { now.timeIntervalSince($0) } ?? 0
        // A longer gap is one in which we did not look; a negative one is a clock put back.
        let counted = min(max(elapsed, 0), 1.5 * Limits.memberBeatSeconds)
        looked = now
        var next: [UUID: Known] = [:]
        for row in rows {
            var member = Known(record: row)
            if let before = known[row.id], before.record.seen == row.seen {
                member.unchangedSeconds = before.unchangedSeconds + counted
            } else if isFirst, now.timeIntervalSince(row.seen) >= Limits.memberGoneSeconds {
                // What a crash left, or a clock that is behind: it lives if it changes.
                member.unchangedSeconds = Limits.memberGoneSeconds
            }
            if row.id == own { member.unchangedSeconds = 0 }
            next[row.id] = member
        }
        known = next
        return next.values.filter { $0.unchangedSeconds >= Limits.memberForgottenSeconds }
            .map(\.record)
    }

    /// Those alive, in the order of their start.
    package var members: [MemberRecord] {
        known.values.filter { $0.unchangedSeconds < Limits.memberGoneSeconds }.map(\.record)
            .sorted { ($0.started, $0.id.uuidString) < ($1.started, $1.id.uuidString) }
    }
}
