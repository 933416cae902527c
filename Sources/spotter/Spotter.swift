import ArgumentParser
import Base
import Foundation
import Glibc
import Logging

@main
struct Spotter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spotter",
        abstract: "Finds defects in pictures of products, and packages models for the device.",
        version: SpotterVersion.current,
        subcommands: [
            Serve.self, WorkerCommand.self, ProjectCommand.self, ModelCommand.self,
            UserCommand.self, ConsoleCommand.self, TLSCommand.self, AuditCommand.self,
            SDKModelCommand.self, Demo.self, Evaluate.self, EdgeAgentCommand.self,
            HealthCommand.self, DoctorCommand.self, BackupCommand.self, RestoreCommand.self,
            MigrateCommand.self,
        ])

    /// Whatever a command writes, secret keys, pictures and models among it, is its user's alone.
    static func main() async {
        umask(0o077)
        await main(nil)
    }

    /// Logs on standard error.
    static func logger(
        level: Logger.Level, format: LineLogHandler.Format = .text
    ) -> Logger {
        var logger = Logger(label: "spotter") { _ in LineLogHandler(format: format) }
        logger.logLevel = level
        return logger
    }

    static func check(port: Int) throws {
        guard (0...65_535).contains(port) else {
            throw ValidationError("--port must be 0 to 65535, not \(port).")
        }
    }

    /// Runs `body`; an error becomes one line on standard error and ends the process.
    static func reporting(_ body: () async throws -> Void) async {
        do { try await body() } catch { exit(with: error) }
    }

    /// Prints one line and ends the process, for errors that the user can mend.
    static func exit(with error: any Error) -> Never {
        FileHandle.standardError.write(Data("spotter: \(LogText.lines("\(error)"))\n".utf8))
        Foundation.exit(1)
    }
}

/// Standard output, written at once, so that a program that reads it through a pipe sees each line.
enum Output {
    static func line(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }
}
