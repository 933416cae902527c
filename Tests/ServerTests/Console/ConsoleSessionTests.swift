import Access
import Console
import FoundationEssentials
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Server

/// Who is let into the console, and for how long.
@Suite struct ConsoleSessionTests {
    private let server: TestServer

    init() throws { server = try TestServer(hasConsole: true) }

    private func browser() -> ConsoleBrowser { ConsoleBrowser(server) }

    /// Whether the visitor sees projects rather than the page to sign in.
    private func isIn(_ browser: ConsoleBrowser) async throws -> Bool {
        let answer = try await browser.get("/projects")
        if answer.status == 200 { return true }
        #expect(answer.status == 303 && answer.header("location") == "/console/sign-in")
        return false
    }

    @Test func aKeySignsIn() async throws {
        let browser = browser()
        #expect(try await !isIn(browser))
        let answer = try await browser.post(
            "/sign-in",
            [
                "key": TestServer.root.accessKeyID, "secret": TestServer.root.secretAccessKey,
            ])
        let cookie = try #require(answer.header("set-cookie"))
        for word in ["HttpOnly", "SameSite=Strict", "Path=/console"] {
            #expect(cookie.contains(word))
        }
        #expect(!cookie.contains("Secure"))
        #expect(try await isIn(browser))
    }

    @Test func behindTLSTheCookieStaysThere() async throws {
        let answer = try await browser().post(
            "/sign-in",
            [
                "key": TestServer.root.accessKeyID, "secret": TestServer.root.secretAccessKey,
            ], headers: [("X-Forwarded-Proto", "https")])
        #expect(answer.header("set-cookie")?.contains("; Secure") == true)
    }

    @Test(arguments: ["wrong", ""])
    func aWrongSecretDoesNot(_ secret: String) async throws {
        for key in [TestServer.root.accessKeyID, "AKIANOBODYNOBODY1234", ""] {
            let browser = browser()
            let answer = try await browser.post("/sign-in", ["key": key, "secret": secret])
            #expect(answer.status == 403 && answer.header("set-cookie") == nil)
            #expect(try await !isIn(browser))
        }
    }

    @Test func whoGuessesIsStopped() async throws {
        for _ in 0..<10 {
            let answer = try await browser().post("/sign-in", ["key": "k", "secret": "s"])
            #expect(answer.status == 403)
        }
        let right = [
            "key": TestServer.root.accessKeyID, "secret": TestServer.root.secretAccessKey,
        ]
        #expect(try await browser().post("/sign-in", right).status == 429)
        let link = try await ConsoleLink.make(nil, in: server.metadata, now: server.now)
        #expect(try await browser().get(String(link.dropFirst("/console".count))).status == 403)
        server.service.clock.advance(by: 301)
        #expect(try await browser().post("/sign-in", right).status == 303)
    }

    @Test func aLinkSignsInOnce() async throws {
        _ = try await server.user("ann", policy: TestServer.policy([]))
        let link = try await ConsoleLink.make("ann", in: server.metadata, now: server.now)
        let path = String(link.dropFirst("/console".count))
        let (first, second) = (browser(), browser())
        // What only looks at a link, as programs for messages do, does not use it up.
        #expect(try await second.send(.head, path).header("set-cookie") == nil)
        #expect(try await first.get(path).status == 303)
        #expect(try await second.get(path).status == 403)
        #expect(try await first.get("/projects").text.contains("ann"))
        let late = try await ConsoleLink.make(nil, in: server.metadata, now: server.now)
        server.service.clock.advance(by: 15 * 60)
        #expect(try await second.get(String(late.dropFirst("/console".count))).status == 403)
    }

    @Test func aSessionEndsWhenNobodyComes() async throws {
        try await expectEnd(afterVisits: 3, everyHours: 9, andHours: 10)
    }

    @Test func aSessionEndsAfterAWeekInAnyCase() async throws {
        try await expectEnd(afterVisits: 20, everyHours: 8, andHours: 8)
    }

    /// A page that was left open asked for its state every few seconds, and its session never ended
    /// before its week was over.
    @Test(arguments: [
        ("X-Spotter-Background", "1"), ("Cookie", "spotter-background=1"),
    ])
    func aPageThatAsksByItselfDoesNotKeepASession(_ mark: (name: String, value: String))
        async throws
    {
        let browser = browser()
        try await browser.signIn()
        let cookie = try #require(browser.cookie)
        for path in ["/operate", "/projects", "/operate", "/projects/none/state"] {
            server.service.clock.advance(by: 2 * 3600)
            browser.cookie = mark.name == "Cookie" ? "\(cookie); \(mark.value)" : cookie
            let headers = mark.name == "Cookie" ? [] : [(mark.name, mark.value)]
            #expect(try await browser.get(path, headers: headers).status != 303)
        }
        browser.cookie = cookie
        server.service.clock.advance(by: 2 * 3600)
        #expect(try await !isIn(browser))
    }

    private func expectEnd(afterVisits visits: Int, everyHours pause: Double, andHours last: Double)
        async throws
    {
        let browser = browser()
        try await browser.signIn()
        for _ in 0..<visits {
            server.service.clock.advance(by: pause * 3600)
            #expect(try await isIn(browser))
        }
        server.service.clock.advance(by: last * 3600)
        #expect(try await !isIn(browser))
    }

    @Test func whoSignsOutIsOutHereOrEverywhere() async throws {
        let (first, second, third) = (browser(), browser(), browser())
        for browser in [first, second, third] { try await browser.signIn() }
        let stolen = try #require(first.cookie)
        #expect(try await first.post("/sign-out").status == 303)
        first.cookie = stolen
        #expect(try await !isIn(first))
        #expect(try await isIn(second))
        #expect(try await second.post("/sign-out", ["everywhere": "1"]).status == 303)
        #expect(try await !isIn(third))
    }

    @Test func aUserWhoIsGoneOrHasAnotherKeyIsOut() async throws {
        let key = try await server.user("ann", policy: TestServer.policy([]))
        let (first, second) = (browser(), browser())
        try await first.signInWithoutProjects(key)
        try await second.signInWithoutProjects(key)
        #expect(try await first.get("/projects").status == 403)
        try await server.metadata.write { transaction in
            var user = try #require(try transaction.user("ann"))
            user.keyCreated = user.keyCreated.addingTimeInterval(1)
            try transaction.save(user)
        }
        #expect(try await first.get("/projects").status == 303)
        try await server.metadata.write { try $0.removeUser("ann") }
        #expect(try await second.get("/projects").status == 303)
    }

    /// The database does not say what a cookie has.
    @Test func tokensAreNotKept() async throws {
        let browser = browser()
        try await browser.signIn()
        let token = try #require(browser.cookie?.split(separator: "=").last)
        let found = try await server.metadata.read { try $0.session(String(token)) }
        #expect(found == nil)
        #expect(try await server.metadata.read { try $0.countSessions(of: nil) } == 1)
    }

    @Test func sessionsOfAUserAreBounded() async throws {
        for _ in 0..<101 {
            _ = try await ConsoleLink.make(nil, in: server.metadata, now: server.now)
        }
        #expect(try await server.metadata.read { try $0.countSessions(of: nil) } <= 100)
    }

    // MARK: Forms of other sites

    @Test func aFormNeedsTheSessionsOwnToken() async throws {
        let browser = browser()
        try await browser.signIn()
        for token in ["", "0", String(repeating: "0", count: 64)] {
            let answer = try await browser.post("/projects", ["name": "p"], token: token)
            #expect(answer.status == 403)
        }
        let other = ConsoleBrowser(server)
        try await other.signIn()
        let answer = try await browser.post("/projects", ["name": "p"], token: other.formToken)
        #expect(answer.status == 403)
        #expect(try await server.call(.get, "/projects/p").status == 404)
        #expect(try await browser.post("/projects", ["name": "p"]).status == 303)
    }

    @Test(arguments: [
        ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"),
        ("Origin", "https://evil.example"), ("Origin", "null"),
    ])
    func aFormOfAnotherSiteIsRefused(_ name: String, _ value: String) async throws {
        let browser = browser()
        try await browser.signIn()
        let answer = try await browser.post(
            "/projects", ["name": "p"], headers: [(name, value)])
        #expect(answer.status == 403)
        let signIn = try await ConsoleBrowser(server).post(
            "/sign-in",
            ["key": TestServer.root.accessKeyID, "secret": TestServer.root.secretAccessKey],
            headers: [(name, value)])
        #expect(signIn.status == 403 && signIn.header("set-cookie") == nil)
    }

    @Test func noOtherSiteFramesOrFeedsAPage() async throws {
        let browser = browser()
        try await browser.signIn()
        let answer = try await browser.get("/projects")
        let policy = try #require(answer.header("content-security-policy"))
        for rule in ["default-src 'self'", "frame-ancestors 'none'", "form-action 'self'"] {
            #expect(policy.contains(rule))
        }
        #expect(!policy.contains("unsafe"))
        #expect(answer.header("cache-control") == "no-store")
        #expect(answer.header("x-content-type-options") == "nosniff")
    }
}

extension ConsoleBrowser {
    /// Of users who may not list projects, so that there is no page with a form.
    fileprivate func signInWithoutProjects(_ key: Credentials) async throws {
        let answer = try await post(
            "/sign-in", ["key": key.accessKeyID, "secret": key.secretAccessKey])
        #expect(answer.status == 303)
    }
}
