import Access
import FoundationEssentials
import HTTPTypes
import Service
import Storage
import TestSupport
import Testing
import Wire

/// What Spotter does with a bucket in its caller's name, the caller must be allowed to do.
@Suite struct RightsTests {
    /// One operation with all rights that it needs.
    struct Row: Sendable, CustomTestStringConvertible {
        var operation: String
        /// Actions with the resources that they are needed for.
        var rights: [(action: String, resource: String)]
        /// The call.
        var path: String
        var body: String

        var testDescription: String { operation }
    }

    private static let image =
        #"{"source-ref":"s3://pic-tures/n/1.png","l":0,"l-metadata":"#
        + #"{"class-name":"normal","type":"groundtruth/image-classification"}}"#
    private static let masked =
        #"{"source-ref":"s3://pic-tures/a/1.png","l":1,"l-metadata":"#
        + #"{"class-name":"anomaly","type":"groundtruth/image-classification"},"#
        + #""m-ref":"s3://masks-too/1.png","m-ref-metadata":{"internal-color-map":{"0":"#
        + ##"{"class-name":"scratch","hex-color":"#ff0000"}},"##
        + #""type":"groundtruth/semantic-segmentation"}}"#

    /// The same in other spellings of JSON, so that the mask is not seen by looking for a word.
    private static let escaped =
        masked.replacing("1.png", with: "2.png")
        .replacing("internal-color-map", with: #"internal\u002dcolor-map"#)
        .replacing("groundtruth/semantic", with: #"groundtruth\/semantic"#)

    static let rows = [
        Row(
            operation: "CreateDataset",
            rights: [
                ("lookoutvision:CreateDataset", "*"),
                ("s3:GetBucketLocation", "arn:aws:s3:::mani-fests"),
                ("s3:GetObject", "arn:aws:s3:::mani-fests/x.manifest"),
            ], path: "/projects/p/datasets",
            body: #"""
                {"DatasetType":"test","DatasetSource":{"GroundTruthManifest":{"S3Object":
                {"Bucket":"mani-fests","Key":"x.manifest"}}}}
                """#),
        Row(
            operation: "CreateModel",
            rights: [
                ("lookoutvision:CreateModel", "*"),
                ("s3:GetBucketLocation", "arn:aws:s3:::out-put"),
                ("s3:PutObject", "arn:aws:s3:::out-put/r_EvaluationManifest-p-1.json"),
                ("s3:PutObject", "arn:aws:s3:::out-put/r_EvaluationResult-p-1.json"),
                ("s3:GetObject", "arn:aws:s3:::pic-tures/n/1.png"),
                ("s3:GetObject", "arn:aws:s3:::pic-tures/a/1.png"),
                ("s3:GetObject", "arn:aws:s3:::masks-too/1.png"),
                ("s3:GetObject", "arn:aws:s3:::pic-tures/a/2.png"),
                ("s3:GetObject", "arn:aws:s3:::masks-too/2.png"),
            ], path: "/projects/p/models",
            body: #"{"OutputConfig":{"S3Location":{"Bucket":"out-put","Prefix":"r_"}}}"#),
    ]

    private func server() async throws -> TestServer {
        let server = try TestServer()
        try await server.bucket(
            "mani-fests",
            [
                "x.manifest": Data(
                    [Self.image, Self.masked, Self.escaped].joined(separator: "\n").utf8)
            ])
        _ = try await server.call(.post, "/projects", #"{"ProjectName":"p"}"#)
        let made = try await server.call(
            .post, "/projects/p/datasets",
            Self.rows[0].body.replacing("\"test\"", with: "\"train\""))
        #expect(made.status == 202)
        try await server.work()
        return server
    }

    private static func statement(
        _ rights: [(action: String, resource: String)], condition: String = ""
    ) -> String {
        rights.map {
            #"{"Effect":"Allow","Action":"\#($0.action)","Resource":"\#($0.resource)"\#(condition)}"#
        }.joined(separator: ",")
    }

    @Test(arguments: rows)
    func eachRightIsNeededAndAllTogetherAreEnough(_ row: Row) async throws {
        let server = try await server()
        for index in row.rights.indices {
            var rights = row.rights
            let missing = rights.remove(at: index)
            let key = try await server.user(Self.statement(rights))
            let answer = try await server.call(.post, row.path, row.body, as: key)
            #expect(answer.failure == "403 AccessDeniedException", "\(missing)")
            #expect(answer.message.contains(missing.action), "\(answer.message)")
            if missing.resource != "*" {
                #expect(answer.message.contains(missing.resource), "\(answer.message)")
            }
        }
        let key = try await server.user(Self.statement(row.rights))
        #expect(try await server.call(.post, row.path, row.body, as: key).status == 202)
    }

    @Test func thePoliciesOfTheGuideAllowItThroughTheServiceAlone() async throws {
        let server = try await server()
        let condition = #","Condition":{"Bool":{"aws:ViaAWSService":"true"}}"#
        let key = try await server.user(
            Self.statement([("lookoutvision:*", "*")]),
            Self.statement([("s3:*", "*")], condition: condition))
        for row in Self.rows {
            #expect(try await server.call(.post, row.path, row.body, as: key).status == 202)
            try await server.work()
        }
        let direct = try await server.send(
            TestRequest(.get, "/mani-fests/x.manifest"), to: "s3", as: key)
        #expect(direct.status == 403)
    }

    private static let change =
        Data((image + "\n").utf8).base64EncodedString()

    /// `pictures` is the right to read them, if there is one.
    @Test(arguments: [nil, ("s3:GetObject", "arn:aws:s3:::pic-tures/*")])
    func aDatasetTellsNothingOfPicturesThatItsUserMayNotRead(
        pictures: (action: String, resource: String)?
    ) async throws {
        let server = try await server()
        try await server.bucket("pic-tures", ["n/1.png": Data("not a picture".utf8)])
        let rights =
            Self.rows[0].rights + [("lookoutvision:UpdateDatasetEntries", "*")]
            + (pictures.map { [$0] } ?? [])
        let key = try await server.user(Self.statement(rights))
        let row = Self.rows[0]
        #expect(try await server.call(.post, row.path, row.body, as: key).status == 202)
        try await server.work()
        func message() async throws -> String {
            try await server.call(.get, "/projects/p/datasets/test")
                .json["DatasetDescription"]["StatusMessage"].string ?? ""
        }
        let made = try await message()
        #expect(made.contains("neither PNG nor JPEG") == (pictures != nil), "\(made)")
        #expect(made.contains("Not looked at") == (pictures == nil), "\(made)")
        #expect(made.contains("5 of the objects") == (pictures == nil), "\(made)")
        guard pictures == nil else { return }
        let changed = try await server.call(
            .patch, "/projects/p/datasets/test/entries",
            #"{"Changes":"\#(Self.change)"}"#, as: key)
        #expect(changed.status == 202)
        try await server.work()
        let after = try await message()
        #expect(after.contains("Not looked at"), "\(after)")
        #expect(!after.contains("Not found"), "\(after)")
    }

    @Test func aJobOfBeforeReadsInTheServersName() throws {
        let row = JobRecord(
            id: UUID(), kind: "dataset",
            subject: Data(#"{"updateEntries":{"project":"p","type":"train"}}"#.utf8),
            created: Date())
        #expect(
            try JobSubject(of: row) == .updateEntries(project: "p", type: .train, reader: nil))
    }

    @Test func anEmptyDatasetNeedsNoBucket() async throws {
        let server = try await server()
        let key = try await server.user(Self.statement([("lookoutvision:CreateDataset", "*")]))
        let answer = try await server.call(
            .post, "/projects/p/datasets", #"{"DatasetType":"test"}"#, as: key)
        #expect(answer.status == 202)
    }

    @Test(arguments: ["k_fold_", "out/", "", "a/b"])
    func resultKeysArePrefixAndNameAsTheyAre(prefix: String) async throws {
        let server = try await server()
        try await server.bucket("out-put")
        _ = try await server.call(
            .post, "/projects/p/models",
            #"{"OutputConfig":{"S3Location":{"Bucket":"out-put","Prefix":"\#(prefix)"}}}"#)
        try await server.work()
        let model = try await server.call(.get, "/projects/p/models/1").json["ModelDescription"]
        #expect(model["Status"].string == "TRAINED")
        #expect(
            model["EvaluationResult"]["Key"].string == prefix + "EvaluationResult-p-1.json")
        #expect(
            model["EvaluationManifest"]["Key"].string == prefix + "EvaluationManifest-p-1.json")
    }

    @Test(arguments: ["/out/", "a//b/", "../", ".spotter-x/", String(repeating: "x", count: 1000)])
    func aPrefixThatCannotWorkIsRefusedBeforeTheTraining(prefix: String) async throws {
        let server = try await server()
        let answer = try await server.call(
            .post, "/projects/p/models",
            #"{"OutputConfig":{"S3Location":{"Bucket":"out-put","Prefix":"\#(prefix)"}}}"#)
        #expect(answer.failure == "400 ValidationException")
        #expect(answer.message.contains("OutputConfig.S3Location"), "\(answer.message)")
        let models = try await server.call(.get, "/projects/p/models")
        #expect(models.json["Models"].items.isEmpty)
    }
}
