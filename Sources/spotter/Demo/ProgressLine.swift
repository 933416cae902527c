import Foundation

/// A line that shows what is being done: overwritten on a terminal, repeated elsewhere.
final class ProgressLine {
    private let title: String
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private var last = ""
    private let start = ContinuousClock.now

    init(title: String) { self.title = title }

    func show(_ message: String) {
        guard message != last || isTerminal else { return }
        last = message
        let seconds = Int((ContinuousClock.now - start) / .seconds(1))
        let line = "\(title)   \(message) (\(seconds) s)"
        if isTerminal {
            FileHandle.standardOutput.write(Data("\r\u{1B}[K\(line)".utf8))
        } else {
            Output.line(line)
        }
    }

    func end(_ message: String) {
        last = ""
        show(message)
        if isTerminal { Output.line("") }
    }
}
