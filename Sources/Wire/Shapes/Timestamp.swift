import FoundationEssentials

/// Times in query strings, which SDKs write in ISO 8601; seconds since 1970 are taken too.
enum Timestamp {
    private static let styles = [false, true].map {
        Date.ISO8601FormatStyle(includingFractionalSeconds: $0)
    }

    /// - Returns: seconds since 1970; nil for a text that is no time of the years 1 to 9999.
    static func seconds(_ text: String) -> Double? {
        let seconds =
            Double(text)
            ?? styles.lazy.compactMap { try? Date(text, strategy: $0) }.first?.timeIntervalSince1970
        return seconds.flatMap { (-62_135_596_800.0...253_402_300_799.0).contains($0) ? $0 : nil }
    }
}
