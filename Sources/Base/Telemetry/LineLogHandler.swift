import FoundationEssentials
import Glibc
package import Logging

/// Writes one line an event to standard error, as text or as JSON.
package struct LineLogHandler: LogHandler {
    /// `--log-format`: `TIME LEVEL MESSAGE KEY=VALUE …`, or an object with the members `time`,
    /// `level`, `message` and `metadata`.
    package enum Format: String, Sendable, CaseIterable { case text, json }

    private struct Line: Encodable {
        var time: String
        var level: String
        var message: String
        var metadata: [String: String]
    }

    /// Goes into each line; an event's own values come before it.
    package var metadata: Logger.Metadata = [:]
    /// `info` unless the logger's owner changes it; swift-log drops less severe events before
    /// `log`.
    package var logLevel: Logger.Level = .info
    private let format: Format

    /// - Parameter format: of all lines.
    package init(format: Format) { self.format = format }

    /// One value of `metadata`; setting nil removes it.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes the line with one call of `write`, so that lines of several threads do not mix. A
    /// failed write is ignored: there is no other place to report it.
    package func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, own in own }
        let time = Date().formatted(.iso8601)
        let fields = all.mapValues { LogText.escaped("\($0)") }
        let message = LogText.escaped("\(event.message)")
        let text: String
        switch format {
        case .text:
            let suffix = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            text = "\(time) \(event.level) \(message)\(suffix)"
        case .json:
            let line = Line(
                time: time, level: "\(event.level)", message: message, metadata: fields)
            text = (try? JSONCoding.text(line)) ?? ""
        }
        let bytes = Array((text + "\n").utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
