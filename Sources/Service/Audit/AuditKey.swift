/// Keys of the state bucket's objects with audit lines:
/// `audit/2026/11/25/043446Z-HOST-1a2b3c4d-000001.jsonl`, by the time of their first line, so that
/// keys are in the order in which a reader needs the objects.
package enum AuditKey {
    /// Prefix of all keys with audit lines in the state bucket.
    package static let folder = "audit/"
    private static let suffix = ".jsonl"

    /// - Parameters:
    ///   - time: of the first line, as `AuditLine.time` has it.
    ///   - sequence: counts the objects of a process.
    static func key(_ time: String, _ source: AuditSource, sequence: Int) -> String {
        let digits = String(sequence)
        let padded = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        return "\(start(time))-\(source.host)-\(source.member)-\(padded)\(suffix)"
    }

    /// What keys of objects that begin at `time` have before their dash.
    static func start(_ time: String) -> String {
        let parts = time.split(separator: "T")
        let day = (parts.first ?? "").replacing("-", with: "/")
        return "\(folder)\(day)/\((parts.dropFirst().first ?? "").replacing(":", with: ""))"
    }

    /// The time of the first line; nil for any other key.
    static func time(of key: String) -> String? {
        guard key.hasPrefix(folder), key.hasSuffix(suffix) else { return nil }
        let parts = key.dropFirst(folder.count).split(
            separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2
        else { return nil }
        let clock = Array(parts[3].prefix(7))
        let isTime =
            clock.count == 7 && clock[6] == "Z"
            && (parts[0] + parts[1] + parts[2] + parts[3].prefix(6)).utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
        guard isTime else { return nil }
        let day = "\(parts[0])-\(parts[1])-\(parts[2])"
        return "\(day)T\(String(clock[0..<2])):\(String(clock[2..<4])):\(String(clock[4..<6]))Z"
    }
}
