package import FoundationEssentials

/// What the files and objects need to know of a line.
package enum AuditLine {
    /// Quotes are escaped in every text of a record, so only the member itself looks like this.
    private static let mark = Array(#""eventTime":""#.utf8)
    private static let timeBytes = 20

    /// When the call was made, like `2026-11-25T04:34:46Z`: of one length, so that texts compare as
    /// times do.
    ///
    /// - Returns: nil for a line that a crash has cut.
    package static func time(of line: Data) -> String? {
        let found: Int? = line.withUnsafeBytes { bytes in
            let last = bytes.count - mark.count - timeBytes
            guard last >= 0 else { return nil }
            return (0...last).first { start in
                bytes[start] == mark[0]
                    && bytes[start..<start + mark.count].elementsEqual(mark)
            }
        }
        guard let found else { return nil }
        let text = line.dropFirst(found + mark.count).prefix(timeBytes)
        guard text.count == timeBytes, text.last == UInt8(ascii: "Z") else { return nil }
        return String(bytes: text, encoding: .utf8)
    }

    /// A time as lines have it, in whole seconds and UTC.
    package static func text(_ date: Date) -> String { date.formatted(.iso8601) }

    /// The time that a line has; nil for a text that is not one.
    package static func date(_ time: String) -> Date? { try? Date(time, strategy: .iso8601) }

    /// Each line with its newline; the last may lack it.
    static func split(_ bytes: Data) -> some Sequence<Data> {
        sequence(state: bytes) { rest in
            guard !rest.isEmpty else { return nil }
            let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.endIndex
            defer { rest = rest[end...] }
            return rest[..<end]
        }
    }

    /// How many of `bytes` make the next object, from lines that were made within
    /// `Limits.auditObjectSeconds` of the first, and that one's time.
    ///
    /// - Parameter isWhole: nothing will follow, so that what a crash cut belongs to it too.
    /// - Returns: nil when there is no line yet.
    static func object(in bytes: Data, isWhole: Bool) -> (count: Int, first: String?)? {
        var count = 0
        var first: (text: String, date: Date)?
        for line in split(bytes) {
            let isComplete = line.last == UInt8(ascii: "\n")
            guard isComplete || isWhole || line.count >= Limits.auditObjectBytesMax else { break }
            if let text = time(of: line), let date = date(text) {
                if let first {
                    let seconds = date.timeIntervalSince(first.date)
                    let span = -Limits.auditDisorderSeconds..<Limits.auditObjectSeconds
                    guard span.contains(seconds) else { break }
                } else {
                    first = (text, date)
                }
            }
            count += line.count
        }
        return count > 0 ? (count, first?.text) : nil
    }
}
