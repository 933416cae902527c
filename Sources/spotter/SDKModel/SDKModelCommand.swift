import Administration
import ArgumentParser
import Base
import Foundation
import Server
import Storage
import Wire

struct SDKModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sdk-model",
        abstract: "Teaches SDKs the API that AWS removed from them.",
        subcommands: [Install.self, OpenAPI.self])

    struct Install: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts the service model where boto3 and the AWS CLI look for it.",
            discussion: """
                They look in ~/.aws/models by themselves, and in the folders of AWS_DATA_PATH. \
                Older ones that still have the client need nothing.
                """)

        @Option(help: "Folder of models.")
        var directory = "~/.aws/models"

        /// Foundation takes the home from the user database; SDKs take it from HOME, and the two
        /// must meet.
        private var expanded: String {
            guard directory == "~" || directory.hasPrefix("~/"),
                let home = ProcessInfo.processInfo.environment["HOME"]
            else { return (directory as NSString).expandingTildeInPath }
            return home + directory.dropFirst()
        }

        func run() throws {
            let folder =
                "\(expanded)/\(ServiceModel.serviceName)/\(ServiceModel.apiVersion)"
            do {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true)
                for (name, document) in [
                    ("service-2", ServiceModel.service), ("paginators-1", ServiceModel.paginators),
                    ("waiters-2", ServiceModel.waiters),
                    ("endpoint-rule-set-1", ServiceModel.endpointRules),
                ] {
                    let path = "\(folder)/\(name).json"
                    try DurableFile.write(try SDKModelCommand.text(document), to: path)
                    Output.line(path)
                }
            } catch {
                Spotter.exit(
                    with: AdministrationError("The model cannot be written to \(folder): \(error)"))
            }
        }
    }

    struct OpenAPI: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "openapi", abstract: "Prints an OpenAPI 3.1 description of the API.")

        @Option(help: "Endpoint that the description names.")
        var server = "http://127.0.0.1:9444"

        func run() throws {
            let document = OpenAPIDescription.document(
                version: SpotterVersion.current, server: server)
            Output.line(String(decoding: try SDKModelCommand.text(document), as: UTF8.self))
        }
    }

    private static func text(_ document: JSONValue) throws -> Data {
        return try JSONCoding.encode(document, .indented)
    }
}
