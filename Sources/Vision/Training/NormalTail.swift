import Glibc

/// Which score few new normal images exceed, from the scores of some, also beyond the highest of
/// them: a quantile ends there, and with 30 images it cannot promise less than 3 %.
///
/// It is the geometric mean of two answers, both of which allow for how few scores there are. One
/// takes all logarithms for normally distributed: m + t s √(1 + 1/n), t being Student's quantile.
/// The other takes those of the upper quarter, u and above, for an exponential tail (Weissman,
/// 1978): a new image exceeds u + x with probability p (1 + x / (k β))^(-k), where p = k / (n + 1)
/// and β is the mean excess of the k highest. On the given data sets the first raises more alarms
/// than asked and the second fewer; on simulated scores, skewed, bounded or with a long tail, their
/// mean stays within two points of 1, 2 and 5 %.
struct NormalTail {
    /// Share of the scores, the highest, that the tail is fitted to, and the least number of them.
    private static let share = 0.25
    private static let countMin = 4
    /// Identical images have distance 0, which has no logarithm.
    private static let scoreMin = 1e-9

    /// Logarithms, ascending.
    private let logs: [Double]

    /// - Parameter scores: of normal images that the model did not see, in any order.
    init(scores: [Double]) {
        logs = scores.map { log(max($0, Self.scoreMin)) }.sorted()
    }

    /// - Parameter rate: 0 to 1, exclusive.
    /// - Returns: a score above 0; 1 without any scores.
    func score(exceededBy rate: Double) -> Double {
        guard logs.count > 1 else { return exp(logs.first ?? 0) }
        return exp((whole(rate) + tail(rate)) / 2)
    }

    /// By all scores, as normally distributed.
    private func whole(_ rate: Double) -> Double {
        let count = Double(logs.count)
        let (mean, variance) = Ranking.moments(logs)
        let deviation = (variance * (count + 1) / (count - 1)).squareRoot()
        return mean + Self.studentQuantile(rate, freedom: count - 1) * deviation
    }

    /// By the highest scores, as an exponential tail; among the scores, by their quantile.
    private func tail(_ rate: Double) -> Double {
        let all = logs.count
        let count = min(
            all - 1, max(Self.countMin, Int((Self.share * Double(all)).rounded())))
        let share = Double(count) / Double(all + 1)
        let start = logs[all - count - 1]
        guard rate < share else { return min(start, quantile(rate)) }
        let excess = logs.suffix(count).reduce(0) { $0 + $1 - start }
        return start + excess * (pow(share / rate, 1 / Double(count)) - 1)
    }

    /// The logarithm that `rate` of new images exceed: between two scores, where the i-th lowest of
    /// n is exceeded by a share of 1 - i / (n + 1).
    private func quantile(_ rate: Double) -> Double {
        let position = min(
            max(Double(logs.count + 1) * (1 - rate) - 1, 0), Double(logs.count - 1))
        let low = Int(position)
        let high = min(low + 1, logs.count - 1)
        return logs[low] + (position - Double(low)) * (logs[high] - logs[low])
    }

    /// What Student's t exceeds with probability `rate`, expanded around the normal distribution
    /// (Abramowitz and Stegun, 26.7.5).
    private static func studentQuantile(_ rate: Double, freedom: Double) -> Double {
        // The normal quantile, by halving.
        var (low, high) = (-10.0, 10.0)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if 0.5 * erfc(middle / 2.squareRoot()) > rate { low = middle } else { high = middle }
        }
        let z = (low + high) / 2
        let (cube, fifth) = (z * z * z, z * z * z * z * z)
        return z + (cube + z) / (4 * freedom)
            + (5 * fifth + 16 * cube + 3 * z) / (96 * freedom * freedom)
    }
}
