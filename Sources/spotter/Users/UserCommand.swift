import Access
import Administration
import ArgumentParser
import Foundation

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Manages users, who may do what their policies allow.",
        discussion: """
            A policy is a document of IAM: Version 2012-10-17 and statements with Effect, Action, \
            Resource and Condition. Changes count from the next request on; the server may run.
            """,
        subcommands: [
            Create.self, List.self, SetPolicy.self, Rotate.self, Disable.self, Enable.self,
            Delete.self,
        ])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a user and prints the key, which is shown this once only.")

        @OptionGroup var stores: StoresOptions
        @Argument(help: "Name: 1 to 64 letters, digits and +=,.@_-")
        var name: String
        @Option(help: "File with the policy.")
        var policy: String

        func run() async throws {
            await stores.reporting { stores in
                let key = try await UserRegistry(stores).create(
                    name, policy: UserCommand.file(policy))
                UserCommand.show(key)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the users with their keys' identifiers and the age of the keys.")

        @OptionGroup var stores: StoresOptions

        func run() async throws {
            await stores.reporting { stores in
                for user in try await UserRegistry(stores).all() {
                    let state = user.isDisabled ? "  disabled" : ""
                    Output.line(
                        "\(user.name)  \(user.accessKeyID)  key of \(user.keyCreated)\(state)")
                }
            }
        }
    }

    struct SetPolicy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives a user another policy; the key stays.")

        @OptionGroup var stores: StoresOptions
        @Argument(help: "Name of the user.")
        var name: String
        @Option(help: "File with the policy.")
        var policy: String

        func run() async throws {
            await stores.reporting { stores in
                try await UserRegistry(stores).setPolicy(name, UserCommand.file(policy))
            }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives a user a new key and prints it once; the old one ends at once.")

        @OptionGroup var stores: StoresOptions
        @Argument(help: "Name of the user.")
        var name: String

        func run() async throws {
            await stores.reporting { stores in
                UserCommand.show(try await UserRegistry(stores).rotate(name))
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a user's key open nothing, until it is enabled again.")

        @OptionGroup var stores: StoresOptions
        @Argument(help: "Name of the user.")
        var name: String

        func run() async throws {
            await stores.reporting { stores in
                try await UserRegistry(stores).setDisabled(true, name)
            }
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes the key of a disabled user open again what its policy allows.")

        @OptionGroup var stores: StoresOptions
        @Argument(help: "Name of the user.")
        var name: String

        func run() async throws {
            await stores.reporting { stores in
                try await UserRegistry(stores).setDisabled(false, name)
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes a user; the key ends at once.")

        @OptionGroup var stores: StoresOptions
        @Argument(help: "Name of the user.")
        var name: String

        func run() async throws {
            await stores.reporting { stores in try await UserRegistry(stores).delete(name) }
        }
    }

    private static func file(_ path: String) throws -> Data {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw AdministrationError("The policy file \(path) cannot be read.")
        }
        return bytes
    }

    /// In the form of the credentials file, ready to be pasted there.
    private static func show(_ key: Credentials) {
        Output.line("aws_access_key_id = \(key.accessKeyID)")
        Output.line("aws_secret_access_key = \(key.secretAccessKey)")
    }
}
