package import Logging
import Synchronization

/// Keeps what is logged, for tests about what an operator learns.
package final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    /// Nothing is logged yet.
    package init() {}

    /// `LEVEL MESSAGE KEY=VALUE …`, in the order of logging; keys are sorted.
    package var all: [String] { lines.withLock { $0 } }

    /// Logs here, from `info` on.
    package var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

    private func append(_ line: String) { lines.withLock { $0.append(line) } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
            let members = all.map { "\($0.key)=\($0.value)" }.sorted()
            lines.append("\(event.level) \(event.message) \(members.joined(separator: " "))")
        }
    }
}
