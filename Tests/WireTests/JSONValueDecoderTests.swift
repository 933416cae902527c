import FoundationEssentials
import Testing
import Wire

/// What is decoded from a parsed document is what JSONDecoder reads from its bytes.
@Suite struct JSONValueDecoderTests {
    /// How many of the generated documents were decoded, and how many refused by both.
    private struct Outcomes {
        var decoded = 0
        var refused = 0
    }

    private static let seeds: [UInt64] = [1, 2, 3]
    private static let documentsPerType = 60

    /// Decodes documents of a shape in both ways and compares what the results encode to.
    private func compare<Value: Codable>(
        _ type: Value.Type, _ shape: String, _ documents: inout Documents,
        _ outcomes: inout Outcomes
    ) throws {
        for _ in 0..<Self.documentsPerType {
            let document = documents.document(of: shape)
            let bytes = try JSONEncoder().encode(document)
            let expected = try? WireCoding.encode(WireCoding.decode(type, from: bytes))
            let found = try? WireCoding.encode(WireCoding.decode(type, from: document))
            #expect(
                found == expected,
                "seed \(documents.seed), \(shape): \(String(decoding: bytes, as: UTF8.self))")
            if expected == nil { outcomes.refused += 1 } else { outcomes.decoded += 1 }
        }
    }

    @Test(arguments: seeds) func inputsOfOperationsAreDecodedAlike(seed: UInt64) throws {
        var (documents, outcomes) = (Documents(seed: seed), Outcomes())
        try compare(CreateDatasetRequest.self, "CreateDatasetRequest", &documents, &outcomes)
        try compare(CreateModelRequest.self, "CreateModelRequest", &documents, &outcomes)
        try compare(CreateProjectRequest.self, "CreateProjectRequest", &documents, &outcomes)
        try compare(DeleteModelRequest.self, "DeleteModelRequest", &documents, &outcomes)
        try compare(DetectAnomaliesRequest.self, "DetectAnomaliesRequest", &documents, &outcomes)
        try compare(
            ListDatasetEntriesRequest.self, "ListDatasetEntriesRequest", &documents, &outcomes)
        try compare(
            StartModelPackagingJobRequest.self, "StartModelPackagingJobRequest", &documents,
            &outcomes)
        try compare(StartModelRequest.self, "StartModelRequest", &documents, &outcomes)
        try compare(TagResourceRequest.self, "TagResourceRequest", &documents, &outcomes)
        try compare(UntagResourceRequest.self, "UntagResourceRequest", &documents, &outcomes)
        try compare(
            UpdateDatasetEntriesRequest.self, "UpdateDatasetEntriesRequest", &documents, &outcomes)
        #expect(outcomes.decoded > 50 && outcomes.refused > 50)
    }

    @Test(arguments: seeds) func answersAreDecodedAlike(seed: UInt64) throws {
        var (documents, outcomes) = (Documents(seed: seed), Outcomes())
        try compare(
            ListTagsForResourceResponse.self, "ListTagsForResourceResponse", &documents, &outcomes)
        try compare(ModelDescription.self, "ModelDescription", &documents, &outcomes)
        try compare(
            ModelPackagingDescription.self, "ModelPackagingDescription", &documents, &outcomes)
        try compare(ProjectDescription.self, "ProjectDescription", &documents, &outcomes)
        try compare(DetectAnomalyResult.self, "DetectAnomalyResult", &documents, &outcomes)
        #expect(outcomes.decoded > 20 && outcomes.refused > 20)
    }

    private struct Numbers: Codable {
        var small: Int8?
        var unsigned: UInt16?
        var whole: Int?
        var fraction: Double?
        var flag: Bool?
        var lists: [[Int?]]?
    }

    @Test(arguments: [
        "1", "0", "-1", "127", "128", "-129", "65535", "65536", "2.0", "1.5", "1e3", "1e300",
        "9007199254740993", "9223372036854775807", "9223372036854775808", "true", "null", "\"1\"",
        "[]", "{}", "[[]]", "[[1,null],[]]", "[[1.5]]", "[null]",
    ])
    func numbersAndListsAreDecodedAlike(json: String) throws {
        for member in ["Small", "Unsigned", "Whole", "Fraction", "Flag", "Lists"] {
            let bytes = Data(#"{"\#(member)":\#(json)}"#.utf8)
            let expected = try? WireCoding.encode(WireCoding.decode(Numbers.self, from: bytes))
            let found = try? WireCoding.encode(
                WireCoding.decode(Numbers.self, from: try JSONValue(parsing: bytes)))
            #expect(found == expected, "\(member)")
        }
    }

    @Test(arguments: [
        (
            #"{"ResourceArn":"a","Tags":[{"Key":"k","Value":"v"},{"Key":1,"Value":"v"}]}"#,
            "Tags.2.Key is a number, not the String that is expected"
        ),
        (#"{"ResourceArn":"a","Tags":[{"Key":"k"}]}"#, "Tags.1.Value is missing"),
        (#"{"ResourceArn":null,"Tags":[]}"#, "ResourceArn is null, not the String"),
        (#"{"ResourceArn":"a","Tags":{}}"#, "Tags is an object, not the Array"),
        ("[]", "The document is a list, not the Dictionary"),
    ])
    func errorsNameThePath(json: String, words: String) throws {
        let document = try JSONValue(parsing: Data(json.utf8))
        let error = #expect(throws: DecodingError.self) {
            try WireCoding.decode(TagResourceRequest.self, from: document)
        }
        #expect(error.map { "\($0)".contains(words) } == true, "\(String(describing: error))")
    }

    /// Digests of requests are kept with client tokens, so these bytes are for ever.
    @Test(arguments: [
        #"{"ClientToken":"t","DatasetSource":{"GroundTruthManifest":{"S3Object":{"Bucket":"b","#
            + #""Key":"a/m"}}},"DatasetType":"train","ProjectName":"p"}"#,
        #"{"DatasetType":"test","ProjectName":"p"}"#,
    ])
    func aRequestHasTheBytesThatItAlwaysHad(json: String) throws {
        let document = try JSONValue(parsing: Data(json.utf8))
        let request = try WireCoding.decode(CreateDatasetRequest.self, from: document)
        #expect(String(decoding: try WireCoding.encode(request), as: UTF8.self) == json)
    }

    @Test func aPackagingRequestHasTheBytesThatItAlwaysHad() throws {
        let json = #"""
            {"ClientToken":"t","Configuration":{"Greengrass":{"CompilerOptions":"{}",
            "ComponentName":"c","S3OutputLocation":{"Bucket":"b","Prefix":"p/"},
            "Tags":[{"Key":"k","Value":"ä/\""}],"TargetPlatform":{"Arch":"X86_64","Os":"LINUX"}}},
            "ModelVersion":"1","ProjectName":"p"}
            """#.replacing("\n", with: "")
        let document = try JSONValue(parsing: Data(json.utf8))
        let request = try WireCoding.decode(StartModelPackagingJobRequest.self, from: document)
        #expect(String(decoding: try WireCoding.encode(request), as: UTF8.self) == json)
    }
}

/// Documents that nearly satisfy a shape: some members are missing, null or of a wrong type.
private struct Documents {
    let seed: UInt64
    private var random: SplitMix
    private static let texts = ["", "a", "train", "a/b", "\"\\", "ä\u{0301}🙂", "\n\u{7F}", "1"]

    init(seed: UInt64) {
        self.seed = seed
        random = SplitMix(state: seed)
    }

    mutating func document(of shapeName: String) -> JSONValue {
        guard let shape = Shapes.all[shapeName] else { return .null }
        if chance(of: 50) { return Self.strays.randomElement(using: &random) ?? .null }
        switch shape {
        case .structure(let members):
            var object: [String: JSONValue] = ["Unknown": .boolean(true)]
            for member in members where !chance(of: member.isRequired ? 40 : 4) {
                object[member.name] = chance(of: 40) ? .null : document(of: member.shape)
            }
            return .object(object)
        case .list(let element, _):
            return .array(
                (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    document(of: element)
                })
        case .string(_, _, let enumeration):
            let texts = enumeration.isEmpty ? Self.texts : enumeration
            // The one scalar with a type of its own and no enumeration.
            let names = shapeName == "DatasetType" ? ["train", "test"] : texts
            return .string(names.randomElement(using: &random) ?? "")
        case .integer: return .integer(Int.random(in: -5...200, using: &random))
        case .float, .timestamp:
            return chance(of: 3)
                ? .integer(Int.random(in: -9...9, using: &random))
                : .number(Double.random(in: -1e10...1e10, using: &random))
        case .boolean: return .boolean(Bool.random(using: &random))
        case .blob:
            let bytes = (0..<Int.random(in: 0...9, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            return .string(chance(of: 20) ? "%" : Data(bytes).base64EncodedString())
        case .stream, .map, .document: return .string("")
        }
    }

    private static let strays: [JSONValue] = [
        .null, .boolean(false), .integer(7), .number(0.5), .string("x"), .array([]), .object([:]),
    ]

    /// True once in so many times.
    private mutating func chance(of count: Int) -> Bool {
        Int.random(in: 0..<count, using: &random) == 0
    }
}

/// Vigna's SplitMix64.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
