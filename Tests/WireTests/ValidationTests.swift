import FoundationEssentials
import Testing
import Wire

@Suite struct ValidationTests {
    private func violations(_ shape: String, _ json: String) throws -> [String] {
        Shapes.table.violations(
            of: shape, in: try JSONValue(parsing: Data(json.utf8)), at: [.member("x")]
        ).map(\.message)
    }

    @Test(arguments: [
        ("ProjectName", #""line-1_a""#), ("ComponentVersion", #""1.0.0""#),
        ("Color", ##""#A0b1C2""##),
        ("ModelVersion", #""latest""#), ("ModelVersion", #""12""#), ("S3KeyPrefix", #""""#),
        ("S3KeyPrefix", #""a/b(c)!'*/""#), ("ComponentDescription", #""A model, (really): ok?;'""#),
        ("ComponentName", #""com.example-x_y.Z""#), ("TagValue", #""Grüße 1:2/3=4+5-6@7""#),
        ("TagKey", #""Ключ""#), ("PageSize", "100"), ("DateTime", "1.5"), ("IsLabeled", "true"),
        ("CompilerOptions", #""{}\u00e4""#), ("KmsKeyId", #""arn:aws:kms:eu:1:key/a-b""#),
    ])
    func goodValuesPass(shape: String, json: String) throws {
        #expect(try violations(shape, json) == [])
    }

    @Test(arguments: [
        ("ProjectName", #""-line""#, "regular expression"), ("ProjectName", #""a\n""#, "regular"),
        ("ProjectName", "1", "must be a string, not a number"),
        ("ProjectName", "true", "not a boolean"),
        ("ComponentVersion", #""1.0""#, "regular"), ("ModelVersion", #""0""#, "regular"),
        ("ModelVersion", #""01""#, "regular"), ("PageSize", "0", "greater than or equal to 1"),
        ("PageSize", "101", "less than or equal to 100"), ("PageSize", "1.5", "must be an integer"),
        ("PageSize", #""7""#, "must be an integer"), ("TargetPlatformArch", #""MIPS""#, "ARM64"),
        ("S3KeyPrefix", #""/a""#, "regular"), ("TagList", #"[{"Key":"a"}]"#, "x.1.Value"),
        ("TagList", "{}", "must be a list"), ("DatasetChanges", #""%%%""#, "base64"),
        ("TargetPlatform", #"{"Os":"LINUX"}"#, "x.Arch"),
        ("TargetPlatform", #"{"Os":null,"Arch":"ARM64"}"#, "x.Os"),
    ])
    func badValuesAreNamed(shape: String, json: String, words: String) throws {
        let found = try violations(shape, json)
        #expect(found.count == 1)
        #expect(found.first?.contains(words) == true, "\(found)")
    }

    @Test func everyPatternCompiles() throws {
        // A pattern that does not compile matches nothing, so a value must match each.
        let samples = [
            "A", "a", "1", "1.0.0", "latest", "normal", "train", "direct", "#123456", "{}", "", " ",
            "arn:aws:greengrass:us-east-1:aws:components:x", "abc",
        ]
        for (name, shape) in Shapes.all {
            guard case .string(let length, .some, _) = shape else { continue }
            let padded = samples.map { sample in
                sample.count < length.lowerBound
                    ? sample + String(repeating: "a", count: length.lowerBound - sample.count)
                    : sample
            }
            let accepted = (samples + padded).contains {
                Shapes.table.violations(of: name, in: .string($0)).isEmpty
            }
            #expect(accepted, "no sample satisfies \(name)")
        }
    }

    @Test func aLongValueIsShortenedAndCleaned() throws {
        let text = String(repeating: "x", count: 500) + "\u{1B}[31m"
        let found = Shapes.table.violations(
            of: "ProjectName", in: .string(text), at: [.member("ProjectName")])
        #expect(found.count == 1)
        #expect((found.first?.message.count ?? 1000) < 250)
        let control = Shapes.table.violations(of: "ProjectName", in: .string("a\u{1B}b"))
        #expect(control.first?.message.contains("\u{1B}") == false)
    }

    @Test func inputIsGatheredFromPathQueryHeaderAndBody() throws {
        let route = try Route.find(method: "POST", path: "/2020-11-20/projects/p/models")
        let body = #"""
            {"OutputConfig":{"S3Location":{"Bucket":"bucket"}},"ProjectName":"smuggled","Else":1}
            """#
        let input = try route.input(
            of: WireRequest(
                method: "POST", path: "", header: { $0 == "X-Amzn-Client-Token" ? "token" : nil },
                body: Data(body.utf8)))
        #expect(input.object?["ProjectName"] == .string("p"))
        #expect(input.object?["ClientToken"] == .string("token"))
        #expect(input.object?["Else"] == nil)
        let list = try Route.find(method: "GET", path: "/2020-11-20/projects")
        #expect(throws: WireError.self) {
            try list.input(
                of: WireRequest(method: "GET", path: "", query: [("maxResults", "many")]))
        }
    }
}

@Suite struct CodingTests {
    @Test func answersHaveTheOriginalsMemberNames() throws {
        var model = ModelDescription(
            modelVersion: "1", modelArn: "arn", creationTimestamp: Date(timeIntervalSince1970: 1.5),
            status: .trained, statusMessage: "m")
        model.performance = ModelPerformance(f1Score: 0.5, recall: 1, precision: 0.25)
        model.outputConfig = OutputConfig(s3Location: S3Location(bucket: "b", prefix: nil))
        let text = String(
            decoding: try WireCoding.encode(DescribeModelResponse(modelDescription: model)),
            as: UTF8.self)
        #expect(
            text == #"{"ModelDescription":{"CreationTimestamp":1.5,"ModelArn":"arn","#
                + #""ModelVersion":"1","OutputConfig":{"S3Location":{"Bucket":"b"}},"#
                + #""Performance":{"F1Score":0.5,"Precision":0.25,"Recall":1},"#
                + #""Status":"TRAINED","StatusMessage":"m"}}"#)
    }

    @Test func aPackagingDescriptionIsOneFlatObject() throws {
        let json = #"""
            {"CreationTimestamp":1,"JobName":"j","LastUpdatedTimestamp":2,
            "ModelPackagingConfiguration":{"Greengrass":{"ComponentName":"c",
            "S3OutputLocation":{"Bucket":"b"}}},"ModelPackagingMethod":"Greengrass",
            "ModelVersion":"1","ProjectName":"p","Status":"CREATED","StatusMessage":"m"}
            """#.replacing("\n", with: "")
        let value = try WireCoding.decode(ModelPackagingDescription.self, from: Data(json.utf8))
        #expect(String(decoding: try WireCoding.encode(value), as: UTF8.self) == json)
    }
}
