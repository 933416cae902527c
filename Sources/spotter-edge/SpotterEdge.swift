import ArgumentParser
import Base
import EdgeAgent
import FoundationEssentials
import Glibc
import Logging
import Vision

@main
struct SpotterEdge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spotter-edge",
        abstract: "Runs packaged models on the device beside the production line.",
        version: SpotterVersion.current,
        subcommands: [Agent.self, Attach.self, Inspect.self, Doctor.self])

    /// Prints one line and ends the process, for errors that the user can mend.
    static func exit(with error: any Error) -> Never {
        write("spotter-edge: \(LogText.lines("\(error)"))\n", to: STDERR_FILENO)
        Glibc.exit(1)
    }

    static func runtimePath() throws -> String {
        try OnnxRuntime.find(
            above: InstalledFile.executable, environment: ProcessInfo.processInfo.environment)
    }

    static func runtime() throws -> OnnxRuntime { try OnnxRuntime(library: try runtimePath()) }

    /// Standard output, written at once: a program that waits for a line through a pipe sees it.
    static func line(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let put = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + done, bytes.count - done)
            }
            guard put > 0 else { return }
            done += put
        }
    }
}

/// Options that every subcommand with a log has.
struct LogOptions: ParsableArguments {
    @Option(help: "Log lines as text or json, on standard error.")
    var logFormat = "text"

    @Option(help: "Least level of log lines: trace, debug, info, notice, warning, error.")
    var logLevel = "info"

    func validate() throws {
        guard LineLogHandler.Format(rawValue: logFormat) != nil else {
            throw ValidationError("--log-format must be text or json, not '\(logFormat)'.")
        }
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError("'\(logLevel)' is no log level; try info or debug.")
        }
    }

    var logger: Logger {
        let format = LineLogHandler.Format(rawValue: logFormat) ?? .text
        var logger = Logger(label: "spotter-edge") { _ in LineLogHandler(format: format) }
        logger.logLevel = Logger.Level(rawValue: logLevel) ?? .info
        return logger
    }
}
