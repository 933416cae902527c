import Access
import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import Synchronization
import Testing
import Wire

@testable import Server

/// What a browser keeps for the console: its cookie, and the token of its forms.
final class ConsoleBrowser: Sendable {
    private struct State {
        var cookie: String?
        var formToken: String?
    }

    let server: TestServer
    private let state = Mutex(State())

    init(_ server: TestServer) { self.server = server }

    var cookie: String? {
        get { state.withLock { $0.cookie } }
        set { state.withLock { $0.cookie = newValue } }
    }

    var formToken: String? { state.withLock { $0.formToken } }

    func get(_ path: String, headers: [(String, String)] = []) async throws -> Answer {
        let answer = try await send(.get, path, headers: headers)
        if let range = answer.text.firstRange(of: "data-form-token=\"") {
            let token = String(answer.text[range.upperBound...].prefix { $0 != "\"" })
            state.withLock { $0.formToken = token }
        }
        return answer
    }

    /// Sends a form, as a page of the console would.
    func post(
        _ path: String, _ fields: [String: String] = [:], headers: [(String, String)] = [],
        token: String? = nil
    ) async throws -> Answer {
        var fields = fields
        if let token = token ?? formToken { fields["formToken"] = token }
        let body = fields.map { name, value in
            "\(name)=\(CanonicalRequest.encode(value))"
        }.joined(separator: "&")
        return try await send(
            .post, path,
            headers: headers + [("Content-Type", "application/x-www-form-urlencoded")], body: body)
    }

    /// Sends JSON, as a script of the console would, and asks for it.
    func post(json body: String, to path: String) async throws -> Answer {
        try await send(
            .post, path,
            headers: [
                ("Accept", "application/json"), ("Content-Type", "application/json"),
                ("X-Form-Token", formToken ?? ""),
            ], body: body)
    }

    /// Sends JSON to a project's page, and waits until what it asked for is done.
    func change(_ page: String, _ body: String, of project: String = "p") async throws -> Answer {
        let answer = try await post(json: body, to: "/projects/\(project)/\(page)")
        try await server.work()
        return answer
    }

    /// Enters manifest lines into a project's training dataset.
    func enter(_ lines: [String], into project: String = "p") async throws {
        let body = lines.joined(separator: "\n")
        let answer = try await change("lines?dataset=train", body, of: project)
        #expect(answer.status == 200, "\(answer.text)")
    }

    /// Names of the images on a gallery's page, in their order.
    static func images(on page: String) -> [String] {
        page.split(separator: "data-source=\"").dropFirst().map {
            String(($0.prefix { $0 != "\"" }).split(separator: "/").last ?? "")
        }
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, headers: [(String, String)] = [],
        body: String = ""
    ) async throws -> Answer {
        try await send(method, path, headers: headers, bytes: Data(body.utf8))
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, headers: [(String, String)] = [],
        bytes: Data
    ) async throws -> Answer {
        let sides = path.split(separator: "?", maxSplits: 1).map(String.init)
        let query = (sides.count > 1 ? PercentCoding.decodeQuery(sides[1]) : nil) ?? []
        var headers = headers
        if let cookie { headers.append(("Cookie", "other=1; \(cookie)")) }
        let answer = try await server.send(
            TestRequest(
                method, "/console" + sides[0], query: query.map { ($0.name, $0.value) },
                headers: headers, body: bytes))
        if let set = answer.header("set-cookie") {
            cookie = String(set.prefix { $0 != ";" })
        }
        return answer
    }

    /// Signs in with a key.
    func signIn(_ key: Credentials = TestServer.root) async throws {
        let answer = try await post(
            "/sign-in", ["key": key.accessKeyID, "secret": key.secretAccessKey])
        #expect(answer.status == 303)
        _ = try await get("/projects")
        #expect(formToken != nil)
    }
}
