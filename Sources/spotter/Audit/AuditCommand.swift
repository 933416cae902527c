import Administration
import ArgumentParser
import Foundation
import Glibc
import Service
import Service

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Prints the calls of the API, as JSON lines in the order of time.",
        discussion: """
            With --state-bucket the calls of all servers, which bring their lines there every \
            minute; else those of the server with that --data-directory. The server may run.
            """)

    private static let pieceBytes = 64 << 10

    @Option(
        help: ArgumentHelp(
            """
            Only calls from this time on: 2026-01-31, 2026-01-31T08:00:00Z, or so long ago as 90s, \
            30m, 12h or 7d say.
            """, valueName: "time"), transform: TimeArgument.date)
    var since: Date?

    @Option(
        help: ArgumentHelp("Only calls before this time.", valueName: "time"),
        transform: TimeArgument.date)
    var until: Date?

    @Flag(
        name: .customLong("unverified"),
        help: ArgumentHelp(
            """
            Calls without a right signature, which only the server's own data directory has, and \
            fewer of them.
            """))
    var isUnverified = false

    @OptionGroup var stores: StoresOptions

    func run() async throws {
        await stores.reporting { stores in
            var piece = Data()
            do {
                try await AuditTrail(
                    stores, isUnverified ? .unverified : .audit, since: since, until: until
                ).read { line in
                    piece += line
                    if piece.count >= Self.pieceBytes { try Self.write(&piece) }
                }
                try Self.write(&piece)
            } catch is ReaderLeft {
            }
        }
    }

    /// The reader of our output has closed it, as `head` does.
    private struct ReaderLeft: Error {}

    private static func write(_ piece: inout Data) throws {
        var rest = piece[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EPIPE { throw ReaderLeft() }
            guard count > 0 else {
                throw AdministrationError(
                    "Standard output cannot be written: \(String(cString: strerror(errno))).")
            }
            rest = rest.dropFirst(count)
        }
        piece.removeAll(keepingCapacity: true)
    }
}

/// A time as people write it.
enum TimeArgument {
    @Sendable static func date(_ text: String) throws -> Date {
        if let date = try? Date(text, strategy: .iso8601) { return date }
        if let date = try? Date(text + "T00:00:00Z", strategy: .iso8601) { return date }
        let seconds: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        if let unit = text.last.flatMap({ seconds[$0] }), let count = Int(text.dropLast()),
            (0...1_000_000_000).contains(count)
        {
            return Date().addingTimeInterval(-Double(count) * unit)
        }
        throw ValidationError(
            "'\(text)' is not a time. Use 2026-01-31, 2026-01-31T08:00:00Z, or 90s, 30m, 12h or 7d "
                + "for so long ago.")
    }
}
