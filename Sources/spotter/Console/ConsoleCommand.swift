import Administration
import ArgumentParser
import Console
import Foundation
import Storage

struct ConsoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Lets people into the console.",
        subcommands: [Link.self])

    struct Link: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a link that signs somebody in once, within 15 minutes.",
            discussion: "The server may run. Without --user the link is the root key's owner's.")

        @OptionGroup var stores: StoresOptions
        @Option(help: "Name of the user.")
        var user: String?
        @Option(
            help: """
                Address at which browsers reach the server; without it port 9444 of this machine, \
                by https if SPOTTER_TLS_CERTIFICATE is set.
                """)
        var address: String?

        func run() async throws {
            await stores.reporting { stores in
                let metadata = try stores.metadata()
                if let user, try await metadata.read({ try $0.user(user) }) == nil {
                    throw AdministrationError("There is no user \(user).")
                }
                let link = try await ConsoleLink.make(user, in: metadata, now: Date())
                let environment = ProcessInfo.processInfo.environment
                let isSecure = environment["SPOTTER_TLS_CERTIFICATE"]?.isEmpty == false
                let own = "\(isSecure ? "https" : "http")://127.0.0.1:9444"
                Output.line((address ?? own) + link)
            }
        }
    }
}
