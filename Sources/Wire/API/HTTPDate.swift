package import FoundationEssentials

/// Dates as HTTP headers have them, like `Wed, 25 Nov 2026 01:33:32 GMT` (RFC 9110, 5.6.7).
package enum HTTPDate {
    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    /// 1 January 1970 was a Thursday.
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]

    /// In whole seconds; a fraction is cut off.
    package static func text(_ date: Date) -> String {
        let seconds = Int(date.timeIntervalSince1970.rounded(.down))
        let day = Int((Double(seconds) / 86_400).rounded(.down))
        let weekday = weekdays[(day % 7 + 7) % 7]
        // `2026-11-25T01:33:32Z`.
        let fields = Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
            .split { "-T:Z".contains($0) }
        let month = months[(Int(fields[1]) ?? 1) - 1]
        return "\(weekday), \(fields[2]) \(month) \(fields[0]) "
            + "\(fields[3]):\(fields[4]):\(fields[5]) GMT"
    }

    /// - Returns: nil for any other form.
    package static func parse(_ text: String) -> Date? {
        let fields = text.split(separator: " ")
        guard fields.count == 6, fields[5] == "GMT",
            let month = months.firstIndex(of: fields[2])
        else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return try? Date("\(fields[3])-\(number)-\(fields[1])T\(fields[4])Z", strategy: .iso8601)
    }
}
