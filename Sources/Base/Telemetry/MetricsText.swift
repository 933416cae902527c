/// Writes metrics in Prometheus' text format 0.0.4.
///
/// There is no maintained exporter among the packages that this project may use.
package struct MetricsText {
    private let prefix: String
    private var lines: [String] = []

    /// - Parameter prefix: stands before the name of every metric, with its underscore.
    package init(prefix: String) { self.prefix = prefix }

    /// What was written so far, with a line end after each line.
    package var text: String { lines.joined(separator: "\n") + "\n" }

    /// Begins a metric; its samples follow.
    ///
    /// - Parameters:
    ///   - type: `counter`, `gauge` or `histogram`.
    ///   - help: a sentence on one line.
    package mutating func begin(_ name: String, _ type: String, _ help: String) {
        lines.append("# HELP \(prefix)\(name) \(help)")
        lines.append("# TYPE \(prefix)\(name) \(type)")
    }

    /// - Parameters:
    ///   - labels: names with values; what would break the line is escaped in the values.
    ///   - value: a number as Prometheus reads it.
    package mutating func sample(
        _ name: String, _ labels: [(name: String, value: String)],
        _ value: some CustomStringConvertible
    ) {
        let text = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
        lines.append("\(prefix)\(name)\(labels.isEmpty ? "" : "{\(text)}") \(value)")
    }

    /// The samples of a histogram for one set of labels.
    ///
    /// - Parameters:
    ///   - bounds: upper bounds of the buckets, ascending, in the metric's unit.
    ///   - counts: for each bound the number of observations up to it.
    ///   - sum: of all observations, in the metric's unit.
    ///   - total: number of all observations.
    package mutating func histogram(
        _ name: String, _ labels: [(name: String, value: String)], bounds: [Double], counts: [Int],
        sum: Double, total: Int
    ) {
        for (bound, count) in zip(bounds, counts) {
            sample("\(name)_bucket", labels + [("le", "\(bound)")], count)
        }
        sample("\(name)_bucket", labels + [("le", "+Inf")], total)
        sample("\(name)_sum", labels, sum)
        sample("\(name)_count", labels, total)
    }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for character in value {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case let character where character.isNewline: result += "\\n"
            default: result.append(character)
            }
        }
        return result
    }
}
