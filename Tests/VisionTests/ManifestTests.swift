import FoundationEssentials
import TestSupport
import Testing

@testable import Vision

@Suite struct ManifestTests {
    @Test func aLineWithAMaskIsRead() throws {
        let line = try GroundTruthLine(
            parsing: #"""
                {"source-ref":"s3://b/1.jpg","any-name":1,"any-name-metadata":{"class-name":"anomaly",
                "type":"groundtruth/image-classification"},"m-ref":"s3://b/1.png","m-ref-metadata":
                {"type":"groundtruth/semantic-segmentation","internal-color-map":{
                "10":{"class-name":"dent","hex-color":"#00ff00"},
                "2":{"class-name":"BACKGROUND","hex-color":"#FFFFFF"}}}}
                """#)
        #expect(line.verdict == .anomaly)
        #expect(line.mask?.reference == "s3://b/1.png")
        #expect(line.mask?.classes.map(\.name) == ["BACKGROUND", "dent"])
        #expect(line.mask?.classes.last?.color == RGB(0, 255, 0))
    }

    @Test(arguments: [
        ("{}", "source-ref"), ("[]", "JSON object"), ("", "JSON object"),
        (#"{"source-ref":7}"#, "source-ref"), (#"{"source-ref":""}"#, "source-ref"),
        (#"{"source-ref":"x","l-metadata":7}"#, "l-metadata"),
        (
            #"{"source-ref":"x","m-ref":"y","m-ref-metadata":{"type":"groundtruth/semantic-segmentation"}}"#,
            "internal-color-map"
        ),
        (
            #"{"source-ref":"x","m-ref":"y","m-ref-metadata":{"type":"groundtruth/semantic-segmentation","internal-color-map":{"0":{"class-name":"a","hex-color":"red"}}}}"#,
            "hex-color"
        ),
        (String(repeating: " ", count: 9000), "longer"),
    ])
    func aBadLineNamesWhatIsWrong(line: String, words: String) {
        let error = #expect(throws: VisionError.self) { try GroundTruthLine(parsing: line) }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func otherClassNamesAreNoLabel() throws {
        let line = try GroundTruthLine(
            parsing:
                #"{"source-ref":"x","l":2,"l-metadata":{"class-name":"maybe","type":"groundtruth/image-classification"}}"#
        )
        #expect(line.verdict == nil && line.mask == nil)
    }

    @Test(.enabled(if: Checkout.shared != nil, "needs ../shared/data"))
    func theIrregularRealManifestIsRead() throws {
        let root = "\(Checkout.shared ?? "")/data/cookies"
        let text = try String(
            contentsOf: URL(filePath: "\(root)/manifests/train.manifest"), encoding: .utf8)
        let lines = try text.split(separator: "\n").map { try GroundTruthLine(parsing: $0) }
        #expect(lines.count == 63)
        #expect(lines.count { $0.verdict == .anomaly } == 32)
        let masked = try #require(lines.first { $0.mask != nil })
        #expect(masked.mask?.classes == [.init(name: "cracked", color: RGB(0x23, 0xA4, 0x36))])
        // Its mask has translucent edges and a transparent background.
        let png = try Data(contentsOf: URL(filePath: "\(root)/\(masked.mask?.reference ?? "")"))
        let mask = try LabelMask(
            png: png, classes: masked.mask?.classes ?? [],
            labels: [LabelClass(name: "cracked", color: "#23A436")], imageWidth: 576,
            imageHeight: 768, name: "mask")
        let share = Double(mask.indices.count { $0 == 1 }) / Double(mask.indices.count)
        #expect(share > 0.001 && share < 0.2)
    }

    @Test func aColourThatNobodyNamedFailsWithItsPlace() throws {
        var indices = [UInt8](repeating: 0, count: 64 * 64)
        indices[65] = 1
        let png = try PNG.encode(
            indices: indices, width: 64, height: 64, palette: [.white, RGB(1, 2, 3)])
        func mask(_ classes: [GroundTruthLine.MaskClass], width: Int = 64) throws -> LabelMask {
            try LabelMask(
                png: png, classes: classes, labels: [LabelClass(name: "dent", color: "#010203")],
                imageWidth: width, imageHeight: 64, name: "s3://b/m.png")
        }
        let unnamed = #expect(throws: VisionError.self) {
            try mask([.init(name: "dent", color: RGB(9, 9, 9))])
        }
        for word in ["s3://b/m.png", "#010203", "x 1", "y 1"] {
            #expect(unnamed?.message.contains(word) == true)
        }
        let named = try mask([.init(name: "dent", color: RGB(1, 2, 3))])
        #expect(named.indices == indices)
        let size = #expect(throws: VisionError.self) { try mask([], width: 65) }
        #expect(size?.code == .invalidMask)
    }
}
