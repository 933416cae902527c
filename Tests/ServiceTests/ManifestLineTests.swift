import FoundationEssentials
import TestSupport
import Testing
import Vision

@testable import Service

@Suite struct ManifestLineTests {
    private static let type = #""type":"groundtruth/image-classification""#

    /// A line whose members after `source-ref` are these.
    private func line(_ members: String) throws -> ManifestLine {
        try ManifestLine(parsing: #"{"source-ref":"s3://b/1.png",\#(members)}"#)
    }

    private func error(_ members: String) -> String {
        let error = #expect(throws: ManifestLineError.self) { try line(members) }
        return error?.message ?? ""
    }

    private func label(
        _ name: String, _ value: String?, _ className: String?, date: String? = nil
    ) -> String {
        var metadata = [Self.type]
        if let className { metadata.append(#""class-name":\#(className)"#) }
        if let date { metadata.append(#""creation-date":"\#(date)""#) }
        return (value.map { #""\#(name)":\#($0),"# } ?? "")
            + #""\#(name)-metadata":{\#(metadata.joined(separator: ","))}"#
    }

    private func mask(_ name: String, _ map: String, date: String? = nil) -> String {
        let date = date.map { #","creation-date":"\#($0)""# } ?? ""
        return #""\#(name)":"s3://b/\#(name).png","\#(name)-metadata":{"type":"#
            + #""groundtruth/semantic-segmentation","internal-color-map":{\#(map)}\#(date)}"#
    }

    private static let dent = ##""0":{"class-name":"dent","hex-color":"#00ff00"}"##

    @Test func aLineWithAMaskIsRead() throws {
        let line = try ManifestLine(
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
        (#"{"source-ref":"s","x":NaN}"#, "NaN, which JSON does not know; write null"),
        (#"{"source-ref":"s","x":-Infinity}"#, "Infinity"), ("{", "on one line"),
        (#"{"source-ref":"s","#, "on one line"),
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
        let error = #expect(throws: ManifestLineError.self) { try ManifestLine(parsing: line) }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test(
        arguments: [
            ("1", #""Anomaly""#, "anomaly"), ("0", #"" NORMAL ""#, "normal"),
            ("0", #""anomaly\n""#, "anomaly"), ("1", nil, "anomaly"), ("0", nil, "normal"),
            (#""1""#, nil, "anomaly"), (#"" 0 ""#, nil, "normal"), ("1.0", nil, "anomaly"),
            ("0", "null", "normal"), ("1", #""""#, "anomaly"), ("0", #""good""#, "normal"),
            (#""1""#, #""bad""#, "anomaly"), (#""Normal""#, nil, "normal"),
            (nil, #""Normal""#, "normal"),
        ] as [(String?, String?, String)])
    func aLabelIsUnderstoodInEverySpelling(value: String?, className: String?, verdict: String)
        throws
    {
        #expect(try line(label("l", value, className)).verdict?.rawValue == verdict)
    }

    @Test(
        arguments: [
            ("2", #""good""#, "'good'"), (nil, #""bad""#, "'bad'"),
            ("null", #""maybe""#, "'maybe'"),
            ("2", nil, "2"), ("-1", nil, "-1"), ("0.5", nil, "0.5"), ("true", nil, "true"),
            (#""2""#, nil, "'2'"), (#""defect""#, nil, "'defect'"), ("[1]", nil, "a list"),
            (#""x""#, #""good""#, "'good'"), (nil, #"["anomaly"]"#, "a list"),
            (nil, "1", "a number"),
        ] as [(String?, String?, String)])
    func aLabelThatIsNotUnderstoodIsAnErrorAndNotNoLabel(
        value: String?, className: String?, words: String
    ) {
        let message = error(label("l", value, className))
        #expect(message.contains(words) && message.contains("l-metadata"), "\(message)")
    }

    @Test(arguments: [
        #""anomaly-label":1"#, #""anomaly-label":"1","anomaly-label-metadata":null"#,
        #""anomaly-label":1,"anomaly-label-metadata":{"confidence":1}"#,
        #""x-metadata":{"class-name":"anomaly"}"#,
        #""x":0,"x-metadata":{"class-name":"anomaly","type":" GroundTruth/Image-Classification"}"#,
    ])
    func aLabelWithoutAllOfItsDescriptionIsUnderstood(members: String) throws {
        #expect(try line(members).verdict == .anomaly)
    }

    @Test(arguments: [
        #""a":1"#, #""a-metadata":7"#, #""a":1,"a-metadata":null"#, #""a-metadata":[{"x":null}]"#,
        #""a-metadata":"text","b-metadata":true,"c-metadata":1e300"#,
        #""boxes":{"annotations":[]},"boxes-metadata":{"objects":[{"confidence":1}],"class-map":{"0":"dent"},"type":"groundtruth/object-detection"}"#,
        #""l-metadata":{"failure-reason":"no answer","type":"groundtruth/image-classification"}"#,
        #""l":null,"l-metadata":{"class-name":null,"type":"groundtruth/image-classification"}"#,
        #""m-ref-metadata":{"failure-reason":"x","type":"groundtruth/semantic-segmentation"}"#,
        #""m-ref":null,"m-ref-metadata":{"internal-color-map":{},"type":"groundtruth/semantic-segmentation"}"#,
        #""weather":3,"weather-metadata":{"class-name":"rain"}"#,
        #""anomaly-label-detected":1,"anomaly-label-detected-metadata":{"class-name":"anomaly","model-arn":"a","type":"groundtruth/image-classification"}"#,
    ])
    func whatDoesNotConcernUsIsIgnored(members: String) throws {
        let line = try line(members)
        #expect(line.verdict == nil && line.mask == nil)
    }

    @Test(arguments: [
        ("2024-01-01T00:00:00", "2024-01-01T00:00:01"),
        ("2024-01-01T00:00:00.123456", "2024-01-01T00:00:00.2"),
        ("2024-01-01T00:00:00Z", "2024-01-01 00:00:00-01:00"),
        ("2023-12-31", "2024-01-01"),
    ])
    func theNewerOfTwoLabelsCounts(older: String, newer: String) throws {
        for (first, second) in [("a", "b"), ("b", "a")] {
            let old = label(first, "0", #""normal""#, date: older)
            let new = label(second, "1", #""anomaly""#, date: newer)
            let line = try line("\(old),\(new)")
            #expect(line.verdict == .anomaly && line.labelAttribute == second)
        }
    }

    @Test(
        arguments: [
            (nil, nil), ("2024-01-01", nil), ("2024-01-01", "2024-01-01T00:00:00"),
            ("yesterday", "2024-01-01"),
        ] as [(String?, String?)])
    func twoLabelsOfOneAgeAreAnErrorThatNamesBoth(first: String?, second: String?) {
        let message = error(
            label("one", "0", #""normal""#, date: first) + ","
                + label("two", "1", #""anomaly""#, date: second))
        #expect(message.contains("one (") && message.contains("two ("), "\(message)")
    }

    @Test func numbersOfAnotherJobDoNotOverruleWords() throws {
        let old = label("label", "1", #""anomaly""#, date: "2024-01-01")
        let message = error(old + "," + label("kind", "0", #""scratch""#, date: "2024-02-01"))
        #expect(message.contains("'scratch' in kind") && message.contains("'anomaly' in label"))
        let same = try line(old + "," + label("kind", "1", #""scratch""#, date: "2024-02-01"))
        #expect(same.verdict == .anomaly)
        let earlier = try line(old + "," + label("kind", "0", #""scratch""#, date: "2023-02-01"))
        #expect(earlier.verdict == .anomaly && earlier.labelAttribute == "label")
    }

    @Test func aMaskWithoutAllOfItsDescriptionIsUnderstoodOrRefused() throws {
        let untyped = #""m-ref":"s3://b/m.png","m-ref-metadata":{"internal-color-map":{"#
        #expect(try line(untyped + Self.dent + "}}").mask?.reference == "s3://b/m.png")
        for rest in ["", #","anomaly-mask-ref-metadata":null"#] {
            let message = error(#""anomaly-mask-ref":"s3://b/m.png""# + rest)
            #expect(message.contains("anomaly-mask-ref-metadata with its internal-color-map"))
        }
    }

    @Test func theNewerOfTwoMasksCountsAndOfOneAgeIsAnError() throws {
        let old = mask("a-ref", Self.dent, date: "2024-01-01")
        let new = mask("b-ref", Self.dent, date: "2024-01-02")
        #expect(try line("\(new),\(old)").mask?.reference == "s3://b/b-ref.png")
        let message = error(old + "," + mask("c-ref", Self.dent))
        #expect(message.contains("a-ref (") && message.contains("c-ref ("), "\(message)")
    }

    @Test func twoClassesOfOneColourAreAnErrorThatNamesBoth() throws {
        let message = error(
            mask("m-ref", Self.dent + ##","1":{"class-name":"hole","hex-color":"#00FF00"}"##))
        for word in ["dent", "hole", "#00FF00", "m-ref-metadata"] {
            #expect(message.contains(word), "\(message)")
        }
        let twice = Self.dent + ##","1":{"class-name":"dent","hex-color":"#0000ff"}"##
        #expect(try line(mask("m-ref", twice)).mask?.classes.count == 2)
    }

    @Test(.enabled(if: Checkout.shared != nil, "needs ../shared/data"))
    func theIrregularRealManifestIsRead() throws {
        let root = "\(Checkout.shared ?? "")/data/cookies"
        let text = try String(
            contentsOf: URL(filePath: "\(root)/manifests/train.manifest"), encoding: .utf8)
        let lines = try text.split(separator: "\n").map { try ManifestLine(parsing: $0) }
        #expect(lines.count == 63)
        #expect(lines.count { $0.verdict == .anomaly } == 32)
        let masked = try #require(lines.first { $0.mask != nil })
        #expect(masked.mask?.classes == [MaskClass(name: "cracked", color: RGB(0x23, 0xA4, 0x36))])
        // Its mask has translucent edges and a transparent background.
        let png = try Data(contentsOf: URL(filePath: "\(root)/\(masked.mask?.reference ?? "")"))
        let mask = try LabelMask(
            png: png, classes: masked.mask?.classes ?? [],
            labels: [LabelClass(name: "cracked", color: "#23A436")], imageWidth: 576,
            imageHeight: 768, name: "mask")
        let share = Double(mask.indices.count { $0 == 1 }) / Double(mask.indices.count)
        #expect(share > 0.001 && share < 0.2)
    }
}
