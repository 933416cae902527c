import Base
import FoundationEssentials
import HTTPTypes
import Service
import Storage
import TestSupport
import Testing
import Wire

@testable import Console
@testable import Server

/// What the page of a package says of the agent that a device needs.
@Suite struct ConsoleAgentTests {
    private let server: TestServer
    private let browser: ConsoleBrowser
    /// Has the agent's files for `amd64` once `makeBundle` has been called.
    private let folder: TemporaryDirectory

    init() async throws {
        folder = try TemporaryDirectory()
        let path = folder.path
        server = try TestServer(hasConsole: true, version: "0.7.0") {
            $0 == "amd64" && FileManager.default.fileExists(atPath: "\(path)/bin") ? path : nil
        }
        browser = ConsoleBrowser(server)
        try await browser.signIn()
        let model = try await ConsoleModel(server, browser)
        try await model.train(1, browser, ["n": 1, "a": 2])
        for (target, component) in [
            ("LINUX/X86_64", "com.example.A"), ("LINUX/ARM64", "com.example.B"),
        ] {
            let answer = try await browser.post(
                "/projects/p/models/1/package",
                ["target": target, "component": component, "bucket": "out-put"])
            #expect(answer.status == 303)
            try await server.work()
        }
    }

    /// The page of a component's packaging job.
    private func page(_ component: String, by other: ConsoleBrowser? = nil) async throws -> String {
        let jobs = try await server.metadata.read {
            try $0.packagingJobs("p", after: nil, limit: 9)
        }
        for job in jobs {
            let page = try await (other ?? browser).get("/projects/p/packages/\(job.jobName)").text
            if page.contains("<dd>\(component)</dd>") { return page }
        }
        Issue.record("no package of \(component)")
        return ""
    }

    private func publish(_ version: String, _ architecture: String) async throws {
        let place = ObjectLocation(
            bucket: "agents", key: "com.spotter.EdgeAgent/\(version)/spotter-edge.zip")
        try await server.bucket("agents", [place.key: Data("agent \(version)".utf8)])
        let recipe = try ComponentRecipe.edgeAgent(
            name: try #require(ComponentName("com.spotter.EdgeAgent")),
            version: try #require(ComponentVersion(version)),
            architecture: architecture, folder: "f", archive: place)
        _ = try await server.service.registry.createComponentVersion(
            recipe, tags: [:], clientToken: version, localFiles: [:])
    }

    @Test func thePublishedAgentOfTheDevicesProcessorIsOffered() async throws {
        try await publish("0.4.0", "amd64")
        try await publish("0.5.0", "amd64")
        try await publish("0.6.0", "aarch64")
        let page = try await page("com.example.A")
        #expect(page.contains("/console/agent/amd64/archive"))
        #expect(page.contains("--merge \"com.spotter.EdgeAgent=0.5.0\" --merge \"com.example.A="))
        #expect(page.contains("--add-component com.spotter.EdgeAgent=0.5.0"))
        #expect(page.contains("artifacts/com.spotter.EdgeAgent/0.5.0"))
        #expect(try await self.page("com.example.B").contains("com.spotter.EdgeAgent=0.6.0"))
        let archive = try await browser.get("/agent/amd64/archive")
        #expect(archive.text == "agent 0.5.0")
        #expect(
            archive.header("content-disposition") == "attachment; filename=\"spotter-edge.zip\"")
        let recipe = try await browser.get("/agent/aarch64/recipe")
        #expect(recipe.json["ComponentVersion"].string == "0.6.0")
        #expect(try await browser.get("/agent/riscv/recipe").status == 404)
    }

    @Test func withoutAnAgentThePageSaysHowToGetOne() async throws {
        let page = try await page("com.example.B")
        #expect(page.contains("make edge-agent") && page.contains("publish --arch aarch64"))
        #expect(!page.contains("/console/agent/"))
        #expect(try await browser.get("/agent/aarch64/archive").status == 404)
        #expect(try await browser.get("/agent/aarch64/recipe").status == 404)
        // One for another processor is of no use.
        try await publish("0.5.0", "amd64")
        #expect(try await self.page("com.example.B").contains("make edge-agent"))
    }

    private func makeBundle() throws {
        // The first bytes of an ELF file; byte 18 names the processor.
        var program = Data([0x7F, 0x45, 0x4C, 0x46] + [UInt8](repeating: 0, count: 60))
        program[18] = 62
        for (place, file) in [("bin", "spotter-edge"), ("lib/spotter", "libonnxruntime.so")] {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/\(place)", withIntermediateDirectories: true)
            try program.write(to: URL(filePath: "\(folder.path)/\(place)/\(file)"))
        }
    }

    /// Where the form on a package's page sends what publishes the agent.
    private func form(_ page: String) throws -> String {
        let action = try #require(
            page.split(separator: "action=\"/console").map(String.init).first {
                $0.prefix { $0 != "\"" }.hasSuffix("publish-agent")
            })
        return String(action.prefix { $0 != "\"" })
    }

    @Test func aPressPublishesTheAgentThatLiesBesideTheServer() async throws {
        try makeBundle()
        let before = try await page("com.example.A")
        #expect(before.contains("spotter edge-agent publish --arch amd64"))
        #expect(!before.contains("<button disabled"))
        let answer = try await browser.post(try form(before))
        #expect(answer.status == 303)
        #expect(answer.header("location")?.hasSuffix("#agent") == true)
        let after = try await page("com.example.A")
        #expect(after.contains("/console/agent/amd64/archive"))
        #expect(after.contains("--merge \"com.spotter.EdgeAgent=0.7.0\""))
        #expect(!after.contains("publish-agent"))
        // Pressed in another window once more, it is the same component.
        #expect(try await browser.post(try form(before)).status == 303)
        try Data([1]).write(to: URL(filePath: "\(folder.path)/extra"))
        #expect(try await browser.post(try form(before)).status == 409)
    }

    @Test func whoMayNotPublishTheAgentReadsWhyOnTheButton() async throws {
        let without = try await page("com.example.A")
        #expect(without.contains("<button disabled title=\"The agent"))
        try makeBundle()
        let key = try await server.user(
            #"{"Effect":"Allow","Action":"lookoutvision:*","Resource":"*"}"#)
        let reader = ConsoleBrowser(server)
        try await reader.signIn(key)
        let page = try await page("com.example.A", by: reader)
        #expect(page.contains("<button disabled title=\""))
        #expect(page.contains("greengrass:CreateComponentVersion"))
        #expect(try await reader.post(try form(page)).status == 403)
        #expect(try await self.page("com.example.A").contains("publish-agent"))
    }

    /// That a version was taken was said only after the press, by a conflict.
    @Test func thePageProposesAVersionThatIsNotTaken() async throws {
        try makeBundle()
        #expect(try await page("com.example.A").contains("name=\"version\" value=\"0.7.0\""))
        try await publish("0.9.4", "aarch64")
        let page = try await page("com.example.A")
        #expect(page.contains("for any processor, is 0.9.4."))
        #expect(page.contains("name=\"version\" value=\"0.9.5\""))
        #expect(page.contains("--arch amd64 --component-version 0.9.5"))
        #expect(try await browser.post(try form(page), ["version": "0.9.4"]).status == 409)
        for wrong in ["none", "1.2", String(repeating: "1", count: 100_000)] {
            #expect(try await browser.post(try form(page), ["version": wrong]).status == 400)
        }
        #expect(try await browser.post(try form(page), ["version": "0.9.5"]).status == 303)
        #expect(try await self.page("com.example.A").contains("com.spotter.EdgeAgent=0.9.5"))
    }

    @Test func theBucketOfTheAgentNeedsARightWhereItIsMissing() async throws {
        try makeBundle()
        let key = try await server.user(
            #"""
            {"Effect":"Allow","Action":["lookoutvision:*","greengrass:*","s3:PutObject"],
             "Resource":"*"}
            """#)
        let other = ConsoleBrowser(server)
        try await other.signIn(key)
        let before = try await page("com.example.A", by: other)
        #expect(before.contains("<button disabled title=\"") && before.contains("s3:CreateBucket"))
        #expect(try await other.post(try form(before)).status == 403)
        try await server.bucket("spotter-edge-agent", [:])
        #expect(!(try await page("com.example.A", by: other).contains("s3:CreateBucket")))
        #expect(try await other.post(try form(before)).status == 303)
    }

    /// Of more than a page only the newest were listed.
    @Test func olderPackagesAreOnFurtherPages() async throws {
        let made = try await server.metadata.read {
            try $0.packagingJobs("p", after: nil, limit: 1)
        }
        let first = try #require(made.first)
        try await server.metadata.write { transaction in
            for number in 1...60 {
                var job = first
                job.jobName = "job-\(number)"
                job.created = first.created.addingTimeInterval(Double(number))
                try transaction.save(job, componentVersion: "1.0.0")
            }
        }
        var (names, address) = ([String](), "/projects/p")
        for _ in 0..<3 {
            let page = try await browser.get(address).text
            names += page.split(separator: "title=\"Package ").dropFirst().map {
                String($0.prefix { $0 != "\"" })
            }
            guard
                let link = page.split(separator: "href=\"/console").first(where: {
                    $0.hasPrefix("/projects/p?jobs=")
                })
            else { break }
            address = String(link.prefix { $0 != "#" })
        }
        #expect(names.prefix(60) == ArraySlice((1...60).reversed().map { "job-\($0)" }))
        #expect(names.count == 62 && Set(names).count == 62)
        #expect(try await browser.get("/projects/p/delete").text.contains(": 62 jobs"))
    }

    @Test func packagesAreListedByTheirComponents() async throws {
        let page = try await browser.get("/projects/p").text
        #expect(page.contains(">com.example.A 1.0.0</a></td><td>1</td><td>Linux, x86_64</td>"))
        #expect(page.contains(">com.example.B 1.0.0</a></td><td>1</td><td>Linux, ARM64</td>"))
        let jobs = try await server.metadata.read {
            try $0.packagingJobs("p", after: nil, limit: 9)
        }
        let key = try await server.user(
            #"""
            {"Effect":"Allow","Action":["lookoutvision:List*","lookoutvision:DescribeProject",
             "lookoutvision:DescribeDataset"],"Resource":"*"}
            """#)
        let reader = ConsoleBrowser(server)
        try await reader.signIn(key)
        let seen = try await reader.get("/projects/p").text
        #expect(!seen.contains("com.example.A"))
        for job in jobs { #expect(seen.contains(">\(job.jobName)</a>")) }
    }

    @Test func theAgentNeedsTheRightsToItsComponent() async throws {
        try await publish("0.5.0", "amd64")
        let key = try await server.user(
            #"{"Effect":"Allow","Action":"lookoutvision:*","Resource":"*"}"#)
        let reader = ConsoleBrowser(server)
        try await reader.signIn(key)
        let page = try await page("com.example.A", by: reader)
        #expect(page.contains("greengrass:GetComponent") && !page.contains("/console/agent/"))
        #expect(try await reader.get("/agent/amd64/recipe").status == 403)
        #expect(try await reader.get("/agent/amd64/archive").status == 403)
    }
}
