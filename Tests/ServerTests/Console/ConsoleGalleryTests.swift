import Access
import Base
import FoundationEssentials
import HTTPTypes
import Service
import Storage
import TestSupport
import Testing
import Vision
import Wire

@testable import Console
@testable import Server

/// Galleries that ask what the API's list cannot answer, and what brings images in and takes them
/// out.
@Suite struct ConsoleGalleryTests {
    private let server: TestServer
    private let browser: ConsoleBrowser

    init() async throws {
        server = try TestServer(hasConsole: true)
        browser = ConsoleBrowser(server)
        try await browser.signIn()
        _ = try await browser.post("/projects", ["name": "p"])
    }

    private func line(_ name: String, _ verdict: String? = nil, mask label: String? = nil)
        -> String
    {
        var members = #""source-ref":"s3://pics/\#(name)""#
        if let verdict {
            members +=
                #","anomaly-label":\#(verdict == "anomaly" ? 1 : 0),"anomaly-label-metadata":{"#
                + #""class-name":"\#(verdict)","type":"groundtruth/image-classification"}"#
        }
        if let label {
            members +=
                #","anomaly-mask-ref":"s3://pics/\#(name).mask","anomaly-mask-ref-metadata":{"#
                + #""type":"groundtruth/semantic-segmentation","internal-color-map":{"0":{"#
                + ##""class-name":"\##(label)","hex-color":"#23A436"}}}"##
        }
        return "{\(members)}"
    }

    /// Names of the tiles, in their order, and the address of the next page.
    private func tiles(_ query: String) async throws -> (names: [String], next: String?) {
        let page = try await browser.get("/projects/p/images\(query)")
        #expect(page.status == 200)
        let names = ConsoleBrowser.images(on: page.text)
        let link = page.text.split(separator: "class=\"more\" href=\"").dropFirst().first
        return (names, link.map { String($0.prefix { $0 != "\"" }).replacing("&amp;", with: "&") })
    }

    // MARK: Filters and orders

    @Test func imagesAreFoundByTheirMasksAndLabels() async throws {
        try await browser.enter([
            line("a.png", "anomaly", mask: "scratch"), line("b.png", "anomaly", mask: "dent"),
            line("c.png", "anomaly"), line("d.png", "normal"), line("e.png"),
        ])
        #expect(try await tiles("?show=mask").names == ["b.png", "a.png"])
        #expect(try await tiles("?show=noMask").names == ["c.png"])
        #expect(try await tiles("?show=label%3Adent").names == ["b.png"])
        #expect(try await tiles("?show=label%3Anone").names == [])
        #expect(try await tiles("?sort=name").names.first == "a.png")
        #expect(try await tiles("?sort=name&search=d.p").names == ["d.png"])
        #expect(try await tiles("?show=unlabelled&sort=name").names == ["e.png"])
        // What was changed counts at once.
        try await browser.enter([line("e.png", "anomaly", mask: "dent")])
        #expect(try await tiles("?show=label%3Adent").names == ["e.png", "b.png"])
        #expect(try await tiles("?sort=score").names.count == 5)
    }

    @Test func pagesOfAnOrderFollowEachOther() async throws {
        try await browser.enter((100..<350).map { line("\($0).png") })
        var (all, query) = ([String](), "?sort=name&dataset=train")
        for _ in 0..<3 {
            let (names, next) = try await tiles(query)
            all += names
            guard let next else { break }
            query = next
        }
        #expect(all == (100..<350).map { "\($0).png" })
    }

    /// The next page began with the first image again.
    @Test func aPageGoesOnThoughItsLastImageWasRemoved() async throws {
        try await browser.enter((100..<350).map { line("\($0).png") })
        let (first, next) = try await tiles("?sort=name&dataset=train")
        let gone = try #require(first.last)
        #expect(
            try await browser.change("remove?dataset=train", #"["s3://pics/\#(gone)"]"#).status
                == 200)
        let (second, _) = try await tiles(try #require(next))
        #expect(second.first == "100.png" && second.contains("200.png"))
        let (third, last) = try await tiles("?sort=name&dataset=train")
        #expect(third.last == "200.png")
        let (fourth, end) = try await tiles(try #require(last))
        #expect(fourth.first == "201.png")
        #expect(
            try await browser.change("remove?dataset=train", #"["s3://pics/\#(fourth[99])"]"#)
                .status == 200)
        let (fifth, _) = try await tiles(try #require(end))
        #expect(fifth.first == "201.png" && fifth.last == "301.png")
    }

    /// An order is kept for those who turn pages; what it depends on must make another one.
    @Test func anOrderFollowsLabelsThresholdsAndModels() async throws {
        let model = try await ConsoleModel(server, browser, "q")
        try await model.train(1, browser, ["n1": 40, "n2": 130, "a1": 90, "a2": 180])
        let lines = ["n1", "n2", "a1", "a2"].map {
            line($0, $0.hasPrefix("a") ? "anomaly" : "normal")
        }
        try await browser.enter(lines, into: "q")
        func names(_ query: String) async throws -> [String] {
            ConsoleBrowser.images(on: try await browser.get("/projects/q/images\(query)").text)
        }
        for _ in 0..<2 {
            #expect(try await names("?show=wrong&sort=score") == ["n2", "a1"])
            #expect(try await names("?sort=score").prefix(4) == ["a2", "n2", "a1", "n1"])
        }
        let path = "/projects/q/models/1/threshold"
        #expect(try await browser.post(path, ["threshold": "135"]).status == 303)
        #expect(try await names("?show=wrong&sort=score") == ["a1"])
        _ = try await browser.change(
            "labels?dataset=train", #"{"s3://pics/a1":"normal"}"#, of: "q")
        #expect(try await names("?show=wrong&sort=score") == [])
        try await model.train(2, browser, ["n1": 240, "n2": 130, "a1": 90, "a2": 80])
        #expect(try await names("?show=wrong&sort=score") == ["n1", "n2", "a2"])
        #expect(try await names("?show=wrong&sort=name") == ["a2", "n1", "n2"])
    }

    @Test func nearDuplicatesStandTogether() async throws {
        func picture(_ seed: Int, noise: Int = 0) throws -> Data {
            var image = RGBImage(width: 64, height: 64, color: RGB(0, 0, 0))
            for y in 0..<64 {
                for x in 0..<64 {
                    let value = (x / 8 * 31 + y / 8 * 17) * seed % 200 + (x + y) % 2 * noise
                    image[x, y] = RGB(UInt8(value), UInt8(value), UInt8(value))
                }
            }
            return try PNG.encode(image)
        }
        try await server.bucket(
            "pics",
            [
                "a.png": try picture(3), "b.png": try picture(7), "c.png": try picture(3, noise: 4),
                "broken.png": Data("no picture".utf8),
            ])
        try await browser.enter([line("a.png"), line("b.png"), line("c.png"), line("none.png")])
        let found = try await tiles("?show=duplicates")
        #expect(Set(found.names) == ["a.png", "c.png"])
        let page = try await browser.get("/projects/p/images?show=duplicates")
        #expect(!page.text.contains("data-growing") && page.text.contains("4 of 4"))
    }

    // MARK: Out of the dataset

    @Test func removedImagesAreGoneAndTheirLinesComeBack() async throws {
        try await browser.enter([line("a.png", "normal"), line("b.png", "anomaly", mask: "dent")])
        let answer = try await browser.change(
            "remove?dataset=train", #"["s3://pics/b.png","s3://pics/none.png"]"#)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(try await tiles("").names == ["a.png"])
        let described = try await server.call(.get, "/projects/p/datasets/train")
        let dataset = described.json["DatasetDescription"]
        #expect(dataset["ImageStats"]["Total"] == .integer(1))
        #expect(dataset["StatusMessage"].string?.contains("1 was removed") == true)
        guard case .array(let lines) = answer.json["lines"] else { throw NoLines() }
        try await browser.enter(lines.compactMap(\.string))
        #expect(try await tiles("?show=label%3Adent").names == ["b.png"])
        #expect(try await browser.change("remove?dataset=train", "[]").status == 400)
        #expect(
            try await browser.change("remove?dataset=train", #"["s3://pics/none.png"]"#).status
                == 404)
    }

    private struct NoLines: Error {}

    /// The page said "Saved" when a change was accepted, which its job may refuse.
    @Test func aChangeIsFollowedByItselfUntilItsJobHasEnded() async throws {
        func state(_ change: String) async throws -> JSONValue {
            try await browser.get("/projects/p/dataset-state?dataset=train&change=\(change)").json
        }
        func label(_ verdict: String) async throws -> String {
            let answer = try await browser.post(
                json: #"{"s3://pics/a.png":"\#(verdict)"}"#,
                to: "/projects/p/labels?dataset=train")
            return try #require(answer.json["changes"]["train"].string)
        }
        try await server.bucket("pics", ["a.png": ConsoleModel.picture(9)])
        try await browser.enter([line("a.png", "anomaly")])
        let good = try await label("normal")
        #expect(try await state(good)["isBusy"] == .boolean(true))
        try await server.work()
        #expect(try await state(good)["isBusy"] == .boolean(false))
        try await server.bucket("pics", ["a.png": Data("no picture".utf8)])
        let bad = try await label("anomaly")
        try await server.work()
        #expect(try await state(bad)["hasFailed"] == .boolean(true))
        #expect(try await state(bad)["message"].string?.contains("Nothing was changed.") == true)
        let held = try await browser.post(
            json: #"["s3://pics/a.png","s3://pics/none.png"]"#,
            to: "/projects/p/labels-held?dataset=train")
        #expect(
            held.json
                == .object([
                    "s3://pics/a.png": .object(["verdict": .string("normal"), "kind": .string("")])
                ]))
        // What came after says nothing about the changes before, nor does another dataset.
        try await browser.enter([line("b.png")])
        #expect(try await state(bad)["hasFailed"] == .boolean(true))
        #expect(try await state(good)["hasFailed"] == .boolean(false))
        #expect(
            try await browser.get("/projects/p/dataset-state?dataset=train&change=\(UUID())").status
                == 404)
    }

    /// UpdateDatasetEntries itself removes, so other programs can too; a manifest cannot.
    @Test func aLineOfTheAPIRemovesToo() async throws {
        try await browser.enter([line("a.png"), line("b.png")])
        let changes =
            #"{"source-ref":"s3://pics/a.png","spotter-remove":true}"# + "\n" + line("c.png") + "\n"
            + #"{"source-ref":"s3://pics/c.png","spotter-remove":true}"# + "\n"
            + #"{"source-ref":"s3://pics/b.png","spotter-remove":true}"# + "\n"
            + line("b.png", "normal")
        let encoded = Data(changes.utf8).base64EncodedString()
        _ = try await server.call(
            .patch, "/projects/p/datasets/train/entries", #"{"Changes":"\#(encoded)"}"#)
        try await server.work()
        #expect(try await tiles("").names == ["b.png"])
        try await server.bucket(
            "lists",
            ["x.manifest": Data(#"{"source-ref":"s3://pics/a.png","spotter-remove":true}"#.utf8)])
        let answer = try await server.call(
            .post, "/projects/p/datasets",
            #"{"DatasetType":"test","DatasetSource":{"GroundTruthManifest":{"S3Object":{"#
                + #""Bucket":"lists","Key":"x.manifest"}}}}"#)
        #expect(answer.status == 202)
        try await server.work()
        let test = try await server.call(.get, "/projects/p/datasets/test")
        #expect(test.json["DatasetDescription"]["Status"].string == "CREATE_FAILED")
    }

    // MARK: In

    @Test func linesThatAreNoneAreRefusedByNumberAndTheOthersEntered() async throws {
        let answer = try await browser.change(
            "lines?dataset=train", line("a.png") + "\nno json\n" + #"{"source-ref":"/etc/passwd"}"#)
        #expect(answer.json["entered"] == .integer(1))
        guard case .array(let refused) = answer.json["refused"] else { throw NoLines() }
        #expect(refused.map { $0["line"] } == [.integer(2), .integer(3)])
        #expect(refused.last?["reason"].string?.contains("s3://BUCKET/KEY") == true)
        #expect(try await tiles("").names == ["a.png"])
        #expect(try await browser.change("lines?dataset=train", "[{}]").status == 400)
    }

    @Test func aPrefixIsListedPageByPageByWhoMayListIt() async throws {
        var objects = Dictionary(
            uniqueKeysWithValues: (0..<1100).map { ("in/normal/\(1000 + $0).png", Data()) })
        objects["in/readme.txt"] = Data()
        try await server.bucket("pics", objects)
        let first = try await browser.get("/projects/p/bucket-list?place=s3%3A%2F%2Fpics%2Fin%2F")
        let next = try #require(first.json["next"].string)
        let second = try await browser.get(
            "/projects/p/bucket-list?place=s3%3A%2F%2Fpics%2Fin%2F&after=\(CanonicalRequest.encode(next))"
        )
        guard case .array(let sources) = second.json["sources"] else { throw NoLines() }
        #expect(sources.count == 100 && second.json["next"] == .null)
        #expect(second.json["others"] == .array([.string("s3://pics/in/readme.txt")]))
        let key = try await server.user(
            #"{"Effect":"Allow","Action":["lookoutvision:*","s3:GetObject"],"Resource":"*"}"#)
        let reader = ConsoleBrowser(server)
        try await reader.signIn(key)
        let refused = try await reader.get("/projects/p/bucket-list?place=s3%3A%2F%2Fpics%2Fin%2F")
        #expect(refused.status == 403 && refused.text.contains("s3:ListBucket"))
        for place in ["", "pics/in", "s3://", "s3://none/in", "s3://spotter-state/in"] {
            let path = "/projects/p/bucket-list?place=\(CanonicalRequest.encode(place))"
            #expect([400, 404].contains(try await browser.get(path).status), "\(place)")
        }
    }

    @Test func aLabelIsRenamedInAllMasks() async throws {
        try await browser.enter([
            line("a.png", "anomaly", mask: "scratch"), line("b.png", "anomaly", mask: "dent"),
        ])
        let form = { (fields: [String: String]) in
            let answer = try await browser.post(
                "/projects/p/rename-label", fields, headers: [("Accept", "application/json")])
            try await server.work()
            return answer
        }
        #expect(try await form(["from": "scratch", "to": "dent"]).status == 400)
        #expect(try await form(["from": "scratch", "to": "scrape"]).json["images"] == .integer(1))
        #expect(try await tiles("?show=label%3Ascrape").names == ["a.png"])
        #expect(try await tiles("?show=label%3Ascratch").names == [])
    }

    @Test func changesNeedTheRightsOfTheirUser() async throws {
        try await browser.enter([line("a.png")])
        let key = try await server.user(
            #"{"Effect":"Allow","Action":["lookoutvision:List*","lookoutvision:Describe*","s3:*"],"Resource":"*"}"#
        )
        let reader = ConsoleBrowser(server)
        try await reader.signIn(key)
        #expect(
            try await reader.change("remove?dataset=train", #"["s3://pics/a.png"]"#).status
                == 403)
        #expect(try await reader.change("lines?dataset=train", line("c.png")).status == 403)
        #expect(try await reader.change("new-dataset?dataset=test", "{}").status == 403)
        #expect(try await tiles("").names == ["a.png"])
    }
}
