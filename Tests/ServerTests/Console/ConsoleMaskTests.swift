import Access
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

/// Masks that are drawn in the console.
@Suite struct ConsoleMaskTests {
    private let server: TestServer
    private let browser: ConsoleBrowser
    private let source = "s3://pictures/a.png"

    init() async throws {
        server = try TestServer(hasConsole: true)
        browser = ConsoleBrowser(server)
        try await browser.signIn()
        let image = RGBImage(width: 64, height: 64, color: RGB(90, 90, 90))
        try await server.bucket("pictures", ["a.png": try PNG.encode(image)])
        _ = try await browser.post("/projects", ["name": "p"])
        try await enter(#"{"source-ref":"\#(source)","lot":"7"}"#)
    }

    private func enter(_ line: String) async throws {
        let changes = Data(line.utf8).base64EncodedString()
        _ = try await server.call(
            .patch, "/projects/p/datasets/train/entries", #"{"Changes":"\#(changes)"}"#)
        try await server.work()
    }

    private func draw(
        _ indices: [UInt8], _ classes: String = ##"[{"name":"scratch","color":"#2CA02C"}]"##,
        palette: [RGB] = [.white, RGB(0x2C, 0xA0, 0x2C)], source: String? = nil,
        by other: ConsoleBrowser? = nil
    ) async throws -> Answer {
        let png = try PNG.encode(indices: indices, width: 64, height: 64, palette: palette)
        let browser = other ?? browser
        let answer = try await browser.send(
            .post,
            "/projects/p/mask?dataset=train&source=\(CanonicalRequest.encode(source ?? self.source))"
                + "&classes=\(CanonicalRequest.encode(classes))",
            headers: [
                ("Accept", "application/json"), ("Content-Type", "image/png"),
                ("X-Form-Token", browser.formToken ?? ""),
            ], bytes: png)
        try await server.work()
        return answer
    }

    private func entry() async throws -> JSONValue {
        let answer = try await server.call(.get, "/projects/p/datasets/train/entries")
        guard case .array(let lines) = answer.json["DatasetEntries"] else { return .null }
        return try JSONValue(parsing: Data((lines.first?.string ?? "").utf8))
    }

    private func status() async throws -> JSONValue {
        try await server.call(.get, "/projects/p/datasets/train").json["DatasetDescription"]
    }

    private let marked: [UInt8] =
        [UInt8](repeating: 0, count: 2000) + [1, 1] + [UInt8](repeating: 0, count: 2094)

    @Test func aDrawnMaskIsWhatTheAPIKnows() async throws {
        #expect(try await draw(marked).status == 200)
        #expect(try await status()["Status"].string == "UPDATE_COMPLETE")
        let entry = try await entry()
        #expect(entry["lot"].string == "7" && entry["anomaly-label"] == .integer(1))
        let details = entry["anomaly-mask-ref-metadata"]
        #expect(details["type"].string == "groundtruth/semantic-segmentation")
        let map = details["internal-color-map"]
        #expect(map["0"]["class-name"].string == "BACKGROUND")
        #expect(map["0"]["hex-color"].string == "#FFFFFF")
        #expect(map["1"]["class-name"].string == "scratch" && map["2"] == .null)
        #expect(map["1"]["hex-color"].string == "#2CA02C")
        let read = try ManifestLine(parsing: try JSONCoding.text(entry))
        #expect(read.mask?.reference.hasPrefix("s3://spotter-console/masks/p/train/") == true)
        #expect(try await status()["StatusMessage"].string?.contains("anomaly-mask-ref") == true)
    }

    @Test func theEditorShowsWhatWasDrawn() async throws {
        _ = try await draw(marked)
        let place = "dataset=train&source=\(CanonicalRequest.encode(source))"
        let page = try await browser.get("/projects/p/mask?\(place)")
        #expect(page.status == 200 && page.text.contains("data-width=\"64\""))
        #expect(page.text.contains("scratch") && page.text.contains("#2CA02C"))
        let picture = try await browser.get("/projects/p/mask-picture?\(place)")
        #expect(picture.header("content-type") == "image/png")
        let labels = [LabelClass(name: "scratch", color: "#2CA02C")]
        let mask = try LabelMask(
            png: picture.body,
            classes: [MaskClass(name: "scratch", color: RGB(0x2C, 0xA0, 0x2C))], labels: labels,
            imageWidth: 64, imageHeight: 64, name: "")
        #expect(mask.indices == marked)
    }

    @Test func anEmptyMaskIsTakenAwayAndTheLabelStays() async throws {
        _ = try await draw(marked)
        #expect(try await draw([UInt8](repeating: 0, count: 4096)).status == 200)
        let entry = try await entry()
        #expect(entry["anomaly-mask-ref"] == .null && entry["anomaly-mask-ref-metadata"] == .null)
        #expect(entry["anomaly-label"] == .integer(1))
    }

    /// Of two masks without dates none is the newest, and the dataset refuses the line.
    @Test func aMaskOfAnotherAttributeIsReplaced() async throws {
        try await enter(
            #"{"source-ref":"\#(source)","other-ref-metadata":{"type":"groundtruth/semantic-segmentation","#
                + ##""internal-color-map":{"0":{"class-name":"dent","hex-color":"#FF0000"}}}}"##)
        #expect(try await draw(marked).status == 200)
        #expect(try await status()["Status"].string == "UPDATE_COMPLETE")
        #expect(try await entry()["other-ref-metadata"] == .null)
    }

    @Test func outlinesLearnWhatTheNetworkSeesInAPartOfTheImage() async throws {
        let place = "dataset=train&source=\(CanonicalRequest.encode(source))"
        let seen = try await browser.get("/projects/p/features?\(place)&part=-9,8,40,90")
        #expect(seen.status == 200, "\(seen.text)")
        let head = seen.body.prefix(6).map { Int($0) }
        let (width, height, channels) = (
            head[0] + 256 * head[1], head[2] + 256 * head[3], head[4] + 256 * head[5]
        )
        #expect(width > 8 && height > width && channels > 0)
        #expect(seen.body.count == 6 + width * height * channels)
        for part in ["", "1,2,3", "9,9,9,9", "70,70,80,80"] {
            let refused = try await browser.get("/projects/p/features?\(place)&part=\(part)")
            #expect(refused.status == 400, "\(part)")
        }
        let other = "dataset=train&source=\(CanonicalRequest.encode("s3://pictures/b.png"))"
        #expect(try await browser.get("/projects/p/features?\(other)&part=0,0,9,9").status == 404)
    }

    @Test func unusedLabelsAreLeftOutAndTheirPlacesClosed() async throws {
        let classes = ##"[{"name":"dent","color":"#D62728"},{"name":"scratch","color":"#2CA02C"}]"##
        _ = try await draw(marked, classes)
        let map = try await entry()["anomaly-mask-ref-metadata"]["internal-color-map"]
        #expect(map["1"]["class-name"].string == "scratch" && map["2"] == .null)
    }

    @Test(arguments: [
        "[]", ##"[{"name":"background","color":"#2CA02C"}]"##,
        ##"[{"name":"","color":"#2CA02C"}]"##,
        ##"[{"name":"a","color":"#FFFFFF"}]"##, ##"[{"name":"a","color":"green"}]"##,
        ##"[{"name":"a","color":"#2CA02C"},{"name":"a","color":"#2CA02D"}]"##,
        ##"[{"name":"a","color":"#2CA02C"},{"name":"b","color":"#2CA02C"}]"##,
        ##"[{"name":"a\nb","color":"#2CA02C"}]"##,
    ])
    func labelsThatAreNoneAreRefused(_ classes: String) async throws {
        let answer = try await draw(marked, classes)
        #expect(answer.status == 400, "\(answer.text)")
        #expect(try await entry()["anomaly-mask-ref"] == .null)
    }

    @Test func aMaskThatDoesNotFitIsRefusedBeforeAnythingIsKept() async throws {
        let foreign = try await draw(marked, palette: [.white, RGB(1, 2, 3)])
        #expect(foreign.status == 400 && foreign.text.contains("#010203"))
        #expect(try await draw(marked, source: "s3://pictures/none.png").status == 404)
        #expect(try await server.service.objects.bucketExists("spotter-console") == false)
    }

    @Test func masksNeedTheRightsOfTheirUser() async throws {
        let key = try await server.user(
            #"{"Effect":"Allow","Action":["lookoutvision:List*","lookoutvision:Describe*","s3:GetObject"],"Resource":"*"}"#
        )
        let reader = ConsoleBrowser(server)
        try await reader.signIn(key)
        let place = "dataset=train&source=\(CanonicalRequest.encode(source))"
        let page = try await reader.get("/projects/p/mask?\(place)")
        #expect(page.status == 200 && page.text.contains("data-locked"))
        #expect(page.text.contains("lookoutvision:UpdateDatasetEntries"))
        #expect(try await draw(marked, by: reader).status == 403)
        #expect(try await entry()["anomaly-mask-ref"] == .null)
    }

    @Test(arguments: [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{formToken}}",
    ])
    func hostileLabelsAreTextAndNothingElse(_ name: String) async throws {
        let classes = try JSONCoding.text(
            JSONValue.array([.object(["name": .string(name), "color": .string("#2CA02C")])]))
        #expect(try await draw(marked, classes).status == 200)
        let page = try await browser.get(
            "/projects/p/mask?dataset=train&source=\(CanonicalRequest.encode(source))")
        #expect(page.status == 200 && page.text.contains("data-classes="))
        #expect(!page.text.contains("<script>alert") && !page.text.contains("<img src=x"))
    }
}
