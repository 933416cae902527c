import Access
import Base
import Cloud
import Foundation
import Logging
import NIOPosix
import Storage
import Wire

/// Talks to a server as any client would: signed requests to its API, its S3 and its Greengrass.
struct DemoClient: Sendable {
    private static let answerBytesMax = 16 << 20

    /// The server's S3.
    let objects: any ObjectStore
    private let api: SignedClient
    private let greengrass: SignedClient

    init(
        endpoint: CloudEndpoint, region: String, credentials: Credentials,
        connections: HTTPConnections, pool: NIOThreadPool, logger: Logger
    ) {
        func client(_ service: String) -> SignedClient {
            SignedClient(
                connections: connections, endpoint: endpoint, region: region, service: service,
                credentials: credentials, readFailure: Self.failure, logger: logger)
        }
        api = client("lookoutvision")
        greengrass = client("greengrass")
        objects = S3Store(
            peer: S3Peer(
                connections: connections, endpoint: endpoint, region: region,
                credentials: credentials, logger: logger), pool: pool)
    }

    /// Calls an operation of the API.
    ///
    /// - Parameters:
    ///   - labels: values for the labels of the operation's path.
    ///   - body: members of the JSON body.
    func call<Response: Decodable>(
        _ operation: Wire.Operation, _ labels: [String: String] = [:],
        _ body: [String: JSONValue]? = nil, returning: Response.Type = Response.self
    ) async throws -> Response {
        let bytes = try body.map { try JSONCoding.encode(JSONValue.object($0)) } ?? Data()
        return try await send(
            operation, labels, bytes, contentType: body == nil ? nil : "application/json")
    }

    func detect(_ image: Data, project: String, version: String) async throws
        -> DetectAnomalyResult
    {
        let isPNG = image.starts(with: [0x89, 0x50])
        let response: DetectAnomaliesResponse = try await send(
            .detectAnomalies, ["projectName": project, "modelVersion": version], image,
            contentType: isPNG ? "image/png" : "image/jpeg")
        return response.detectAnomalyResult
    }

    /// The recipe of a component version, as JSON.
    func recipe(arn: String) async throws -> Data {
        struct Answer: Decodable {
            /// Base64 in JSON.
            let recipe: Data
        }
        let request = CloudRequest(
            "GET", "/greengrass/v2/components/\(CanonicalRequest.encode(arn))",
            query: [("recipeOutputFormat", "JSON")])
        let body = try await greengrass.send(request, bytesMax: Self.answerBytesMax).body
        return try JSONDecoder().decode(Answer.self, from: body).recipe
    }

    private func send<Response: Decodable>(
        _ operation: Wire.Operation, _ labels: [String: String], _ body: Data, contentType: String?
    ) async throws -> Response {
        var path = operation.definition.path
        for (name, value) in labels {
            path = path.replacingOccurrences(
                of: "{\(name)}", with: CanonicalRequest.encode(value))
        }
        let request = CloudRequest(
            operation.definition.method, path,
            headers: contentType.map { [("Content-Type", $0)] } ?? [], body: .bytes(body))
        let answer = try await api.send(request, bytesMax: Self.answerBytesMax)
        return try WireCoding.decode(Response.self, from: answer.body)
    }

    /// Errors of the JSON services name their code in a header.
    private static func failure(
        status: Int, headers: [(name: String, value: String)], body: Data
    ) -> ServiceFailure {
        let members = (try? JSONValue(parsing: body))?.object
        return ServiceFailure(
            status: status,
            code: headers.first { $0.name.lowercased() == "x-amzn-errortype" }?.value
                ?? "HTTP\(status)",
            message: (members?["Message"] ?? members?["message"])?.string ?? "")
    }
}
