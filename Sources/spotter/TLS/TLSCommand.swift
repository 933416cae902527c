import Administration
import ArgumentParser
import Foundation
import Glibc

struct TLSCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tls", abstract: "Makes certificates for a server without an authority.",
        subcommands: [Make.self])

    struct Make: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "self-signed",
            abstract: "Makes a server's certificate, and an authority that clients are given.",
            discussion: """
                FOLDER gets ca.pem (for clients), ca-key.pem (for the next certificate), \
                server.pem and server-key.pem (for 'spotter serve'). Where it has an authority \
                already, only the server's two are made again; a running server takes them up by \
                itself, and clients need nothing new.
                """)

        @Option(help: ArgumentHelp("Folder of the four files.", valueName: "folder"))
        var out: String

        @Option(
            name: .customLong("name"),
            help: ArgumentHelp(
                "Name or address by which clients reach the server; may be given more than once.",
                valueName: "host"))
        var names: [String]

        @Option(help: "Days until the server's certificate ends, 1 to \(SelfSigned.daysMax).")
        var days = SelfSigned.daysStandard

        func run() throws {
            do {
                let result = try SelfSigned.make(in: out, names: names, days: days)
                show(result)
            } catch {
                Spotter.exit(with: error)
            }
        }

        private func show(_ result: SelfSigned.Result) {
            let (server, key) = (
                "\(out)/\(SelfSigned.File.server.rawValue)",
                "\(out)/\(SelfSigned.File.serverKey.rawValue)"
            )
            Output.line(
                "\(server) is valid until \(result.expires.formatted(.iso8601)) for "
                    + "\(names.joined(separator: ", "))")
            if result.keptAuthority {
                Output.line("The authority is the one that was there; clients need nothing new.")
            } else {
                Output.line(
                    "For clients: export AWS_CA_BUNDLE=\(out)/\(SelfSigned.File.authority.rawValue)"
                )
            }
            if getuid() == 0 {
                Output.line(
                    "The key is root's. Give it to the user of the server: chown USER \(key)")
            }
            Output.line("Next: spotter serve --tls-certificate \(server) --tls-key \(key)")
        }
    }
}
