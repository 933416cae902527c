import Access
import FoundationEssentials
import Service
import Wire

/// Signs people in and out, and has it noted, also what was refused.
struct SignIn {
    private static let inName = "ConsoleLogin"
    private static let outName = "ConsoleLogout"

    private let console: Console
    private let request: ConsoleRequest
    private let page: Page
    private let done: @Sendable (Console.Action) async -> Void

    init(
        _ console: Console, _ request: ConsoleRequest, _ page: Page,
        _ done: @escaping @Sendable (Console.Action) async -> Void
    ) {
        self.console = console
        self.request = request
        self.page = page
        self.done = done
    }

    func byKey() async throws -> ConsoleResponse {
        try Console.checkOrigin(request)
        let (form, time) = (request.form, console.context.now())
        let key = form["key"] ?? ""
        guard console.attempts.mayTry(request.sourceAddress, now: time) else {
            return await refused(key, "key", "signIn_tooMany", status: 429)
        }
        guard
            let token = try await console.sessions.signIn(
                accessKeyID: key, secret: form["secret"] ?? "")
        else {
            console.attempts.failed(request.sourceAddress, now: time)
            return await refused(key, "key", "signIn_wrong", status: 403)
        }
        return try await welcome(token, "key")
    }

    func byLink() async throws -> ConsoleResponse {
        let time = console.context.now()
        guard console.attempts.mayTry(request.sourceAddress, now: time) else {
            return await refused("", "link", "signIn_linkOver", status: 403)
        }
        guard
            let token = try await console.sessions.signIn(
                link: request.parameter("token") ?? "")
        else {
            console.attempts.failed(request.sourceAddress, now: time)
            return await refused("", "link", "signIn_linkOver", status: 403)
        }
        return try await welcome(token, "link")
    }

    func out(_ visitor: SessionBook.Visitor) async throws {
        let everywhere = request.form["everywhere"] != nil
        try await console.sessions.signOut(visitor, everywhere: everywhere)
        await note(Self.outName, visitor.principal, ["Everywhere": .boolean(everywhere)], nil)
    }

    private func welcome(_ token: String, _ way: String) async throws -> ConsoleResponse {
        if let principal = try await console.sessions.principal(of: token) {
            await note(Self.inName, principal, ["Way": .string(way)], nil)
        }
        var response = ConsoleResponse.redirect("/console/projects")
        let secure = request.isSecure ? "; Secure" : ""
        let seconds = Int(ConsoleLimits.sessionSeconds)
        response.headers.append(
            (
                "Set-Cookie",
                "\(SessionBook.cookieName)=\(token); Path=/console; HttpOnly; SameSite=Strict; "
                    + "Max-Age=\(seconds)\(secure)"
            ))
        return response
    }

    /// - Parameters:
    ///   - key: that was named, which may be anything.
    ///   - problem: the text that says why.
    private func refused(_ key: String, _ way: String, _ problem: String, status: Int) async
        -> ConsoleResponse
    {
        let principal = Principal(
            arn: "", accessKeyID: String(key.prefix(ConsoleLimits.keyCharactersMax)),
            userName: nil, policy: nil)
        await note(
            Self.inName, principal, ["Way": .string(way)],
            WireError(.accessDenied, "Failed authentication"))
        return page.response("sign-in", nil, ["problem": page.text(problem)], status: status)
    }

    private func note(
        _ name: String, _ principal: Principal, _ input: [String: JSONValue], _ error: WireError?
    ) async {
        await done(
            Console.Action(
                name: name, kind: .signIn, principal: principal, input: .object(input),
                answer: nil, error: error))
    }
}
