import Access
import FoundationEssentials
import HTTPTypes
import TestSupport
import Wire

/// Requests to the Greengrass of a server, about a component of the client's own.
struct GreengrassClient: Sendable {
    static let arn = "arn:aws:greengrass:us-east-1:000000000000:components"

    let server: TestServer
    var key = TestServer.root
    /// A name that no other case uses.
    let name = "com.example.T\(UUID().uuidString.prefix(8).lowercased())"

    init(_ server: TestServer) { self.server = server }

    /// ARN of the client's component.
    var component: String { "\(Self.arn):\(name)" }

    func arn(_ version: String = "1.0.0") -> String { "\(component):versions:\(version)" }

    /// The same component by another key.
    func with(_ key: Credentials) -> GreengrassClient {
        var client = self
        client.key = key
        return client
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, query: [(String, String)] = [],
        _ body: String = ""
    ) async throws -> Answer {
        try await server.send(
            TestRequest(method, path, query: query, body: body), to: "greengrass", as: key)
    }

    // MARK: Operations

    /// CreateComponentVersion.
    ///
    /// - Parameters:
    ///   - tags: a JSON object.
    func create(_ recipe: Data, tags: String? = nil, token: String? = nil) async throws -> Answer {
        var members = [#""inlineRecipe":"\#(recipe.base64EncodedString())""#]
        if let tags { members.append(#""tags":\#(tags)"#) }
        if let token { members.append(#""clientToken":"\#(token)""#) }
        return try await send(
            .post, "/greengrass/v2/createComponentVersion",
            "{\(members.joined(separator: ","))}")
    }

    /// Registers a version of the client's component, without artifacts unless there are `uris`.
    func create(
        _ version: String = "1.0.0", uris: [String] = [], tags: String? = nil,
        token: String? = nil
    ) async throws -> Answer {
        try await create(
            Self.recipe(name, version, uris: uris), tags: tags, token: token)
    }

    private func path(_ arn: String, _ end: String = "") -> String {
        "/greengrass/v2/components/\(CanonicalRequest.encode(arn))\(end)"
    }

    func describe(_ arn: String) async throws -> Answer {
        try await send(.get, path(arn, "/metadata"))
    }

    func get(_ arn: String, query: [(String, String)] = []) async throws -> Answer {
        try await send(.get, path(arn), query: query)
    }

    func delete(_ arn: String) async throws -> Answer { try await send(.delete, path(arn)) }

    func versions(_ arn: String, query: [(String, String)] = []) async throws -> Answer {
        try await send(.get, path(arn, "/versions"), query: query)
    }

    func list(_ query: (String, String)...) async throws -> Answer {
        try await send(.get, "/greengrass/v2/components", query: query)
    }

    func artifact(_ arn: String, _ artifact: String) async throws -> Answer {
        try await send(
            .get, path(arn, "/artifacts/\(CanonicalRequest.encode(artifact, isPath: true))"))
    }

    func tags(_ arn: String) async throws -> Answer {
        try await send(.get, "/tags/\(CanonicalRequest.encode(arn))")
    }

    /// - Parameter tags: a JSON object.
    func tag(_ arn: String, _ tags: String) async throws -> Answer {
        try await send(
            .post, "/tags/\(CanonicalRequest.encode(arn))", #"{"tags":\#(tags)}"#)
    }

    func untag(_ arn: String, _ keys: String...) async throws -> Answer {
        try await send(
            .delete, "/tags/\(CanonicalRequest.encode(arn))", query: keys.map { ("tagKeys", $0) })
    }

    // MARK: Recipes

    /// - Parameter more: further members in JSON, which take the place of those of the same name.
    static func recipe(
        _ name: String = "com.example.Hello", _ version: String = "1.0.0",
        _ more: [String: String] = [:], uris: [String] = []
    ) -> Data {
        let artifacts = uris.map { #"{"Uri":"\#($0)"}"# }.joined(separator: ",")
        var members = [
            "RecipeFormatVersion": #""2020-01-25""#, "ComponentName": "\"\(name)\"",
            "ComponentVersion": "\"\(version)\"", "ComponentDescription": #""Says hello""#,
            "ComponentPublisher": #""Somebody""#,
            "Manifests": #"""
            [{"Platform":{"os":"linux","architecture":"amd64"},
            "Lifecycle":{"run":"echo hello"},"Artifacts":[\#(artifacts)]}]
            """#,
        ]
        members.merge(more) { _, new in new }
        let text = members.sorted { $0.key < $1.key }.map { #""\#($0.key)":\#($0.value)"# }
        return Data("{\(text.joined(separator: ","))}".utf8)
    }
}
