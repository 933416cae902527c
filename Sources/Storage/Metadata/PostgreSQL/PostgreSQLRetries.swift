/// Whether a transaction is tried again after an error, and when. No clock, no I/O.
struct PostgreSQLRetries {
    private let limits: PostgreSQLLimits
    private var conflicts = 0
    private var losses = 0
    private var constraints = 0

    init(limits: PostgreSQLLimits) { self.limits = limits }

    /// - Parameters:
    ///   - elapsedSeconds: since the first failure.
    ///   - random: 0 to 1; spreads those that met.
    /// - Returns: milliseconds to wait, or nil to give up.
    mutating func delay(
        after code: PostgreSQLError.Code, elapsedSeconds: Double, random: Double
    ) -> Double? {
        switch code {
        case .conflict:
            conflicts += 1
            guard conflicts <= limits.conflictsMax else { return nil }
            return random
                * Self.doubled(
                    limits.conflictMilliseconds, conflicts - 1, max: limits.conflictMillisecondsMax)
        case .connectionLost:
            losses += 1
            guard elapsedSeconds < limits.outageSeconds else { return nil }
            // At least half: nobody calls a database that is away without a pause.
            return (0.5 + random / 2)
                * Self.doubled(
                    limits.reconnectMilliseconds, losses - 1, max: limits.reconnectMillisecondsMax)
        case .constraint:
            // Somebody may have inserted or removed the other row in between; with it before its
            // eyes the transaction decides otherwise.
            constraints += 1
            return constraints == 1 ? 0 : nil
        case .commitUnknown, .timedOut, .refused: return nil
        }
    }

    private static func doubled(_ first: Double, _ times: Int, max: Double) -> Double {
        var value = first
        for _ in 0..<times where value < max { value *= 2 }
        return min(value, max)
    }
}
