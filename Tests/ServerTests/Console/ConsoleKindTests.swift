import Base
import FoundationEssentials
import HTTPTypes
import Service
import TestSupport
import Testing
import Vision
import Wire

@testable import Console
@testable import Server

/// Kinds of defects, which keys of the gallery and folders that are brought in give to images.
@Suite struct ConsoleKindTests {
    private let server: TestServer
    private let browser: ConsoleBrowser

    init() async throws {
        server = try TestServer(hasConsole: true)
        browser = ConsoleBrowser(server)
        try await browser.signIn()
        _ = try await browser.post("/projects", ["name": "p"])
    }

    private static let normal =
        #"{"source-ref":"s3://pics/a.png","anomaly-label":0,"anomaly-label-metadata":{"#
        + #""class-name":"normal","type":"groundtruth/image-classification"}}"#
    private static let masked =
        #"{"source-ref":"s3://pics/b.png","anomaly-label":1,"anomaly-label-metadata":{"#
        + #""class-name":"anomaly","type":"groundtruth/image-classification"},"#
        + #""anomaly-mask-ref":"s3://pics/b.mask","anomaly-mask-ref-metadata":{"#
        + #""type":"groundtruth/semantic-segmentation","internal-color-map":{"0":{"#
        + ##""class-name":"dent","hex-color":"#23A436"}}}}"##

    /// Names of the images that a filter shows.
    private func tiles(_ query: String) async throws -> [String] {
        ConsoleBrowser.images(on: try await browser.get("/projects/p/images\(query)").text)
    }

    private struct NoLines: Error {}

    private func entry(_ name: String) async throws -> ManifestLine {
        let lines = try await server.call(.get, "/projects/p/datasets/train/entries")
        guard case .array(let all) = lines.json["DatasetEntries"],
            let text = all.compactMap(\.string).first(where: { $0.contains("pics/\(name)") })
        else { throw NoLines() }
        return try ManifestLine(parsing: text)
    }

    @Test func aKindOfDefectIsKeptShownFilteredAndTakenBack() async throws {
        try await browser.enter([
            Self.normal, Self.masked, #"{"source-ref":"s3://pics/c.png"}"#,
        ])
        let before = try await entry("a.png").text
        let body = #"{"s3://pics/a.png":{"kind":"Kratzer"},"s3://pics/b.png":{"kind":"Kratzer"}}"#
        let answer = try await browser.change("labels?dataset=train", body)
        #expect(answer.json["lines"]["s3://pics/a.png"].string == before)
        let changed = try await entry("b.png")
        #expect(changed.verdict == .anomaly && changed.kind == "Kratzer")
        #expect(changed.mask?.classes.map(\.name) == ["dent"])
        #expect(try await tiles("?show=label%3AKratzer") == ["b.png", "a.png"])
        #expect(try await tiles("?show=label%3Adent") == ["b.png"])
        let page = try await browser.get("/projects/p/images").text
        #expect(page.contains("<span class=\"label anomaly\">Kratzer</span>"))
        #expect(page.contains("data-kinds=\"[&quot;dent&quot;,&quot;Kratzer&quot;]\""))
        #expect(!page.contains("data-more-kinds"))
        // A verified anomaly keeps what people said of it; another key takes it away.
        _ = try await browser.change("labels?dataset=train", #"{"s3://pics/b.png":"anomaly"}"#)
        #expect(try await entry("b.png").kind == "Kratzer")
        _ = try await browser.change("labels?dataset=train", #"{"s3://pics/b.png":{"kind":null}}"#)
        let plain = try await entry("b.png")
        #expect(plain.verdict == .anomaly && plain.kind == nil && plain.mask != nil)
        try await browser.enter([before])
        #expect(try await entry("a.png").text == before)
        for wrong in [#"{"kind":"Normal"}"#, #"{"kind":" x"}"#, #"{"kind":""}"#, #"{"kind":1}"#] {
            let answer = try await browser.change(
                "labels?dataset=train", #"{"s3://pics/a.png":\#(wrong)}"#)
            #expect(answer.status == 400, "\(wrong)")
        }
        #expect(
            try await browser.get("/projects/p/kinds").json["kinds"] == .array([.string("dent")]))
    }

    /// An older label of another job that says normal would contradict the kind.
    @Test func aKindOfDefectIsRenamedAndOtherLabelsGo() async throws {
        try await browser.enter([
            #"{"source-ref":"s3://pics/a.png","one":0,"one-metadata":{"class-name":"normal","#
                + #""type":"groundtruth/image-classification","creation-date":"2024-01-01"},"#
                + #""two":0,"two-metadata":{"class-name":"normal","#
                + #""type":"groundtruth/image-classification","creation-date":"2024-01-02"}}"#
        ])
        _ = try await browser.change(
            "labels?dataset=train", #"{"s3://pics/a.png":{"kind":"dent"}}"#)
        #expect(try await entry("a.png").kind == "dent")
        for (name, status) in [("anomaly", 400), ("scrape", 200)] {
            let answer = try await browser.post(
                "/projects/p/rename-label", ["from": "dent", "to": name],
                headers: [("Accept", "application/json")])
            #expect(answer.status == status)
            try await server.work()
        }
        #expect(try await entry("a.png").kind == "scrape")
        let stats = try await server.call(.get, "/projects/p/datasets/train")
        #expect(stats.json["DatasetDescription"]["ImageStats"]["Anomaly"] == .integer(1))
    }

    /// What only says that a change went well is folded away; what is amiss is not.
    @Test func routineMessagesOfADatasetAreFoldedAway() async throws {
        try await browser.enter([Self.normal, #"{"source-ref":"s3://pics/b.png"}"#])
        let page = try await browser.get("/projects/p").text
        #expect(
            page.contains(
                "<details class=\"hint\"><summary>What the last change did</summary><p>2 "))
        #expect(page.contains("<p class=\"warning\">1 image without a label"))
    }
}
