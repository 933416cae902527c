import Access
import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing
import Wire

@testable import Console
@testable import Server

/// What the console shows and does, and in whose name.
@Suite struct ConsolePageTests {
    private static let account = "arn:aws:lookoutvision:us-east-1:000000000000"

    private let server: TestServer
    private let browser: ConsoleBrowser

    init() async throws {
        server = try TestServer(hasConsole: true)
        browser = ConsoleBrowser(server)
        try await browser.signIn()
    }

    private func label(_ project: String, _ labels: JSONValue, by browser: ConsoleBrowser)
        async throws -> Answer
    {
        let body = try String(decoding: WireCoding.encode(labels), as: UTF8.self)
        return try await browser.post(json: body, to: "/projects/\(project)/labels?dataset=train")
    }

    private func entries(_ project: String) async throws -> [JSONValue] {
        try await server.work()
        let answer = try await server.call(.get, "/projects/\(project)/datasets/train/entries")
        guard case .array(let lines) = answer.json["DatasetEntries"] else { return [] }
        return try lines.map { try JSONValue(parsing: Data(($0.string ?? "").utf8)) }
    }

    @Test func aProjectIsMadeWithADatasetToFill() async throws {
        let made = try await browser.post("/projects", ["name": "plates"])
        #expect(made.header("location") == "/console/projects/plates")
        let page = try await browser.get("/projects/plates")
        #expect(page.text.contains("20 more normal training images are needed"))
        let twice = try await browser.post("/projects", ["name": "plates"])
        #expect(twice.status == 409 && twice.text.contains("That did not work"))
        let wrong = try await browser.post("/projects", ["name": "a b"])
        #expect(wrong.status == 400 && wrong.text.contains("ProjectName"))
    }

    @Test func labelsAreKeptBesideWhatElseALineHas() async throws {
        _ = try await browser.post("/projects", ["name": "p"])
        let line =
            #"{"source-ref":"s3://b/k.png","anomaly-label":0,"anomaly-label-metadata":"#
            + #"{"class-name":"normal","type":"groundtruth/image-classification"},"lot":"7"}"#
        let changes = Data(line.utf8).base64EncodedString()
        _ = try await server.call(
            .patch, "/projects/p/datasets/train/entries", #"{"Changes":"\#(changes)"}"#)
        try await server.work()
        let wanted = JSONValue.object([
            "s3://b/k.png": .string("anomaly"), "s3://b/new.png": .null,
        ])
        #expect(try await label("p", wanted, by: browser).status == 200)
        let found = try await entries("p")
        let known = try #require(found.first { $0["source-ref"].string == "s3://b/k.png" })
        #expect(known["lot"].string == "7" && known["anomaly-label"] == .integer(1))
        let metadata = known["anomaly-label-metadata"]
        #expect(metadata["class-name"].string == "anomaly")
        #expect(metadata["job-name"].string == "console/root")
        let fresh = try #require(found.first { $0["source-ref"].string == "s3://b/new.png" })
        #expect(fresh["anomaly-label"] == .null)
        #expect(try await label("p", .object(["s3://b/k.png": .null]), by: browser).status == 200)
        let without = try #require(
            try await entries("p").first { $0["source-ref"].string == "s3://b/k.png" })
        #expect(without["anomaly-label"] == .null && without["lot"].string == "7")
    }

    /// The last page led to the first one once, and so on without an end.
    @Test func theLastPageLeadsNowhere() async throws {
        _ = try await browser.post("/projects", ["name": "p"])
        let labels = (0..<250).map { ("s3://b/\($0).png", JSONValue.string("normal")) }
        let all = JSONValue.object(Dictionary(uniqueKeysWithValues: labels))
        #expect(try await label("p", all, by: browser).status == 200)
        try await server.work()
        var (counts, next) = ([Int](), "?dataset=train")
        while !next.isEmpty, counts.count < 10 {
            let page = try await browser.get("/projects/p/images" + next).text
            counts.append(page.split(separator: "<li role=").count - 1)
            let link = page.split(separator: "class=\"more\" href=\"").dropFirst().first ?? ""
            next = String(link.prefix { $0 != "\"" }).replacing("&amp;", with: "&")
        }
        #expect(counts == [100, 100, 50])
    }

    @Test func aLabelThatIsNoneIsRefused() async throws {
        _ = try await browser.post("/projects", ["name": "p"])
        let answer = try await label("p", .object(["s3://b/k": .string("maybe")]), by: browser)
        #expect(answer.status == 400 && answer.text.contains("normal, anomaly or null"))
        #expect(try await label("p", .object([:]), by: browser).status == 400)
    }

    // MARK: Rights

    @Test func aSessionCannotDoWhatItsUserMayNot() async throws {
        _ = try await browser.post("/projects", ["name": "p"])
        let key = try await server.user(
            #"{"Effect":"Allow","Action":["lookoutvision:List*","lookoutvision:Describe*"],"Resource":"*"}"#
        )
        let reader = ConsoleBrowser(server)
        try await reader.signIn(key)
        let page = try await reader.get("/projects/p")
        #expect(page.status == 200)
        #expect(page.text.contains("disabled"))
        #expect(page.text.contains("not authorized to perform: lookoutvision:CreateModel"))
        for (path, fields) in [
            ("/projects", ["name": "q"]), ("/projects/p/delete", [:]), ("/projects/p/train", [:]),
            ("/projects/p/datasets", ["dataset": "test"]),
        ] {
            #expect(try await reader.post(path, fields).status == 403, "\(path)")
        }
        let labels = JSONValue.object(["s3://b/k": .string("normal")])
        #expect(try await label("p", labels, by: reader).status == 403)
        #expect(try await server.call(.get, "/projects/p").status == 200)
    }

    /// The root key's file lies beside the buckets; objects need the user's own rights of S3.
    @Test func imagesNeedTheRightsOfS3() async throws {
        let pixel = try Checkout.bytes("share/spotter/console/assets/mark.svg")
        try await server.bucket("secret", ["k.svg": pixel])
        _ = try await browser.post("/projects", ["name": "p"])
        let key = try await server.user(
            #"{"Effect":"Allow","Action":"lookoutvision:*","Resource":"*"}"#)
        let reader = ConsoleBrowser(server)
        try await reader.signIn(key)
        let path = "/projects/p/image?source=s3%3A%2F%2Fsecret%2Fk.svg"
        let refused = try await reader.get(path)
        #expect(refused.status == 403 && refused.text.contains("s3:GetObject"))
        // What is no picture is not sent as one to anybody.
        let answer = try await browser.get(path)
        #expect(answer.status == 400 && !answer.text.contains("<svg"))
        for source in ["s3://secret/../credentials", "/etc/passwd", "s3://secret", ""] {
            let path = "/projects/p/image?source=\(CanonicalRequest.encode(source))"
            #expect([400, 404].contains(try await browser.get(path).status), "\(source)")
        }
    }

    @Test func whatIsDoneIsInTheAuditLog() async throws {
        _ = try await browser.post("/projects", ["name": "p"])
        let line = try #require(
            try server.auditLines().first { $0["eventName"].string == "CreateProject" })
        #expect(line["eventType"].string == "AwsConsoleAction")
        #expect(line["userIdentity"]["type"].string == "Root")
        #expect(line["requestParameters"]["projectName"].string == "p")
    }

    // MARK: Hostile texts

    @Test(arguments: [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{formToken}}",
        "'onmouseover='alert(1)", "</title><svg onload=alert(1)>", "javascript:alert(1)",
    ])
    func hostileNamesAreTextAndNothingElse(_ name: String) async throws {
        _ = try await browser.post("/projects", ["name": "p"])
        let source = "s3://bucket/\(name)"
        #expect(
            try await label("p", .object([source: .string("normal")]), by: browser).status == 200)
        try await server.work()
        let page = try await browser.get(
            "/projects/p/images?dataset=train&search=\(CanonicalRequest.encode(name))")
        #expect(page.status == 200)
        #expect(!page.text.contains("<script>alert") && !page.text.contains("<img src=x"))
        #expect(!page.text.contains("<svg onload") && !page.text.contains("'onmouseover='"))
        #expect(page.text.contains("data-source="))
        let token = try #require(browser.formToken)
        let shown = page.text.split(separator: "class=\"name\">").dropFirst()
        #expect(!shown.contains { $0.hasPrefix(token) })
    }

    @Test func everyLanguageHasEveryText() throws {
        let files = try ConsoleFiles(folder: "\(Checkout.root)/share/spotter/console")
        let english = try #require(files.texts["en"])
        #expect(files.texts.keys.sorted() == ["de", "en"])
        for (language, texts) in files.texts {
            #expect(Set(texts.keys) == Set(english.keys), "\(language)")
            for (key, text) in texts { #expect(!text.isEmpty, "\(language) \(key)") }
        }
        let folder = "\(Checkout.root)/share/spotter/console/templates"
        var used: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let text = String(
                decoding: try Data(contentsOf: URL(filePath: "\(folder)/\(file)")), as: UTF8.self)
            for part in text.split(separator: "{{t.").dropFirst() {
                used.insert(String(part.prefix { $0 != "}" }))
            }
        }
        #expect(used.subtracting(english.keys).isEmpty)
    }

    @Test func theBrowsersLanguageIsSpoken() async throws {
        let page = try await browser.get(
            "/projects", headers: [("Accept-Language", "de-DE,de;q=0.9,en;q=0.8")])
        #expect(page.text.contains("<html lang=\"de\">") && page.text.contains("Projekt anlegen"))
        let other = try await browser.get("/projects", headers: [("Accept-Language", "xx")])
        #expect(other.text.contains("<html lang=\"en\">"))
    }

    /// A script that others import was kept for a year, also after an upgrade.
    @Test func onlyFilesThatAreAskedForByVersionAreKept() async throws {
        let page = try await browser.get("/projects").text
        let link = try #require(page.firstRange(of: "/assets/console.css?"))
        let version = page[link.upperBound...].prefix { $0 != "\"" }
        let kept = try await browser.get("/assets/console.css?\(version)")
        #expect(kept.status == 200)
        #expect(kept.header("cache-control")?.contains("immutable") == true)
        for path in ["/assets/calls.js", "/assets/console.css?0"] {
            let answer = try await browser.get(path)
            #expect(answer.status == 200 && answer.header("cache-control") == "no-cache")
        }
    }

    @Test func pagesThatAreNotThereAreNotFound() async throws {
        for path in [
            "/nothing", "/projects/none", "/projects/p/models/1/nothing", "/assets/none.js",
        ] {
            #expect(try await browser.get(path).status == 404, "\(path)")
        }
        #expect(try await browser.send(.put, "/projects").status == 400)
        // A bucket of this name is still a bucket for those who sign.
        let bucket = try await server.send(TestRequest(.get, "/console"), to: "s3")
        #expect(bucket.xmlFailure == "404 NoSuchBucket")
    }

    @Test func aBodyBeyondItsBoundIsRefused() async throws {
        let answer = try await browser.send(
            .post, "/projects", body: String(repeating: "x", count: 300 << 10))
        #expect(answer.status == 413)
    }
}
