import Access
import FoundationEssentials
import HTTPTypes
import Service
import Storage
import TestSupport
import Testing
import Wire

@testable import Console
@testable import Server

/// What those who run an installation see and do in the console, and who may.
@Suite struct ConsoleOperateTests {
    private static let policy = TestServer.policy([allow("lookoutvision:ListProjects")])

    private let server: TestServer
    private let browser: ConsoleBrowser

    init() async throws {
        server = try TestServer(hasConsole: true)
        browser = ConsoleBrowser(server)
        try await browser.signIn()
    }

    private func visitor(_ statements: String...) async throws -> ConsoleBrowser {
        let key = try await server.user(
            "op\(statements.count)", policy: TestServer.policy(statements))
        let browser = ConsoleBrowser(server)
        try await browser.signIn(key)
        return browser
    }

    @Test func eachPageNeedsItsOwnRight() async throws {
        let paths = ["/operate/users": "ManageUsers", "/operate/audit": "ReadAudit"]
        let reader = try await visitor(allow("lookoutvision:*"), allow("s3:*"))
        let overview = try await reader.get("/operate").text
        for (path, right) in paths {
            let refused = try await reader.get(path)
            #expect(refused.status == 403 && refused.text.contains("spotter:\(right)"))
            // Why not stands where the link would be.
            #expect(
                overview.contains("spotter:\(right)")
                    && !overview.contains("href=\"/console\(path)"))
        }
        #expect(overview.contains("spotter:ReadOperations") && !overview.contains("test-host"))
        let auditor = try await visitor(allow("lookoutvision:ListProjects", "spotter:ReadAudit"))
        #expect(try await auditor.get("/operate/audit").status == 200)
        #expect(try await auditor.get("/operate/users").status == 403)
        let made = try await auditor.post("/operate/users", ["name": "eve", "policy": Self.policy])
        #expect(made.status == 403)
        #expect(try await server.metadata.read { try $0.user("eve") } == nil)
        for path in paths.keys { #expect(try await browser.get(path).status == 200) }
    }

    @Test func aUserIsMadeDisabledRotatedAndDeleted() async throws {
        let made = try await browser.post(
            "/operate/users", ["name": "ann", "policy": Self.policy])
        #expect(made.status == 200)
        var user = try #require(try await server.metadata.read { try $0.user("ann") })
        #expect(made.text.contains(user.secretAccessKey))
        // It is shown this once only.
        let page = try await browser.get("/operate/users/ann").text
        #expect(page.contains(user.accessKeyID) && !page.contains(user.secretAccessKey))
        let key = Credentials(
            accessKeyID: user.accessKeyID, secretAccessKey: user.secretAccessKey)
        let ann = ConsoleBrowser(server)
        try await ann.signIn(key)
        #expect(try await server.call(.get, "/projects", as: key).status == 200)
        #expect(try await browser.post("/operate/users/ann/disable").status == 303)
        #expect(try await ann.get("/projects").status == 303)
        #expect(try await server.call(.get, "/projects", as: key).status == 403)
        let again = ConsoleBrowser(server)
        let refused = try await again.post(
            "/sign-in", ["key": key.accessKeyID, "secret": key.secretAccessKey])
        #expect(refused.status == 403)
        #expect(try await browser.post("/operate/users/ann/enable").status == 303)
        #expect(try await server.call(.get, "/projects", as: key).status == 200)
        server.service.clock.advance(by: 1)
        let rotated = try await browser.post("/operate/users/ann/rotate")
        user = try #require(try await server.metadata.read { try $0.user("ann") })
        #expect(rotated.text.contains(user.secretAccessKey))
        #expect(try await server.call(.get, "/projects", as: key).status == 403)
        #expect(try await browser.post("/operate/users/ann/delete").status == 303)
        #expect(try await server.metadata.read { try $0.user("ann") } == nil)
        let names = try server.auditLines().compactMap { $0["eventName"].string }
        for name in ["CreateUser", "DisableUser", "EnableUser", "RotateAccessKey", "DeleteUser"] {
            #expect(names.contains(name))
        }
        // No secret is in the log.
        let lines = try server.auditLines().map { "\($0)" }.joined()
        #expect(!lines.contains(user.secretAccessKey) && !lines.contains(key.secretAccessKey))
    }

    @Test(arguments: [
        ("a b", TestServer.policy([]), 400), ("ok", "{", 403), ("ok", "{}", 403),
        ("", TestServer.policy([]), 400),
    ])
    func aUserThatCannotBeIsRefused(_ name: String, _ policy: String, _ status: Int) async throws {
        let answer = try await browser.post("/operate/users", ["name": name, "policy": policy])
        #expect(answer.status == status)
        #expect(try await server.metadata.read { try $0.users() }.isEmpty)
    }

    @Test func aPolicyIsTriedAgainstAnOperation() async throws {
        _ = try await browser.post("/projects", ["name": "p"])
        _ = try await server.user(
            "ann",
            policy: TestServer.policy([
                allow(
                    "lookoutvision:DescribeProject",
                    resource: "arn:aws:lookoutvision:us-east-1:000000000000:project/p"),
                allow("s3:GetObject", resource: "arn:aws:s3:::in/*"),
            ]))
        let page = "/operate/users/ann?"
        for (question, isAllowed) in [
            ("operation=DescribeProject&project=p", true),
            ("operation=DescribeProject&project=q", false),
            ("operation=DeleteProject&project=p", false),
            ("action=s3:GetObject&resource=arn:aws:s3:::in/a", true),
            ("action=s3:PutObject&resource=arn:aws:s3:::in/a", false),
        ] {
            let text = try await browser.get(page + question).text
            #expect(text.contains("Allowed.") == isAllowed, "\(question)")
            #expect(text.contains("Not allowed.") == !isAllowed, "\(question)")
        }
        #expect(try await server.call(.get, "/projects/p").status == 200)
    }

    /// The page of a model asked for the rights of a packaging job without its configuration, which
    /// was an internal error for everybody but the owner of the root key.
    @Test(arguments: Wire.Operation.allCases)
    func everyOperationCanBeAskedAboutWithoutItsInput(_ operation: Wire.Operation) async throws {
        _ = try await server.user("ann", policy: TestServer.policy([]))
        let answer = try await browser.get(
            "/operate/users/ann?operation=\(operation.rawValue)&project=p&model=1")
        #expect(answer.status == 200 && answer.text.contains("Not allowed."))
    }

    @Test func signingInAndOutAndWhatWasRefusedIsInTheAuditLog() async throws {
        let key = try await server.user("ann", policy: Self.policy)
        let ann = ConsoleBrowser(server)
        try await ann.signIn(key)
        _ = try await ann.post("/sign-out", ["everywhere": "1"])
        _ = try await ConsoleBrowser(server).post(
            "/sign-in", ["key": key.accessKeyID, "secret": "wrong"])
        _ = try await ConsoleBrowser(server).get("/link?token=none")
        let own = try server.auditLines().filter {
            $0["userIdentity"]["userName"].string == "ann"
        }
        #expect(own.compactMap { $0["eventName"].string } == ["ConsoleLogin", "ConsoleLogout"])
        for line in own {
            #expect(line["eventSource"].string == "signin.amazonaws.com")
            #expect(line["eventType"].string == "AwsConsoleSignIn")
        }
        #expect(own.last?["requestParameters"]["everywhere"] == .boolean(true))
        // Those that anybody can send are where they push nobody's lines out of the log.
        let refused = try server.auditLines(.unverified)
        #expect(refused.compactMap { $0["eventName"].string } == ["ConsoleLogin", "ConsoleLogin"])
        #expect(refused.first?["errorMessage"].string == "Failed authentication")
        #expect(refused.first?["userIdentity"]["accessKeyId"].string == key.accessKeyID)
        #expect(refused.first?["requestParameters"]["way"].string == "key")
        #expect(!"\(refused)".contains("wrong"))
    }

    @Test func theAuditLogIsSearched() async throws {
        _ = try await browser.post("/projects", ["name": "apples"])
        _ = try await browser.post("/projects", ["name": "pears"])
        _ = try await browser.post("/projects", ["name": "pears"])
        func count(_ query: String) async throws -> Int {
            try await browser.get("/operate/audit?\(query)").text
                .components("<tr><td>").count - 1
        }
        #expect(try await count("event=createproject") == 3)
        #expect(try await count("event=CreateProject&failures=1") == 1)
        #expect(try await count("event=CreateProject&text=apples") == 1)
        #expect(try await count("user=root&event=CreateProject") == 3)
        #expect(try await count("user=nobody") == 0)
        server.service.clock.advance(by: 2 * 86_400)
        try await browser.signIn()
        #expect(try await count("event=CreateProject") == 0)
        #expect(try await count("event=CreateProject&days=3") == 3)
    }

    @Test func theInstallationIsShown() async throws {
        _ = try await browser.post("/projects", ["name": "p"])
        let page = try await browser.get("/operate").text
        #expect(page.contains("test-host") && page.contains("<dd>test</dd>"))
        #expect(page.contains("No job waits"))
    }

    @Test func aSessionChoosesDarkOrLight() async throws {
        #expect(!(try await browser.get("/projects").text.contains("data-theme")))
        let session = browser.cookie
        let answer = try await browser.post(
            "/theme", ["theme": "dark"],
            headers: [("Referer", "http://localhost/console/operate")])
        #expect(answer.header("location") == "/console/operate")
        let theme = try #require(browser.cookie)
        #expect(theme == "spotter-theme=dark")
        browser.cookie = "\(session ?? ""); \(theme)"
        #expect(try await browser.get("/projects").text.contains("data-theme=\"dark\""))
        for elsewhere in ["https://evil.example/x", "https://evil.example//evil.example", "x"] {
            let answer = try await browser.post(
                "/theme", ["theme": "none"], headers: [("Referer", elsewhere)])
            #expect(answer.header("location") == "/console/projects")
            browser.cookie = session
        }
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: false)
    }
}
