import Access
import FoundationEssentials
import HTTPTypes
import Service
import TestSupport
import Testing
import Wire

/// Policies over the API's operations.
@Suite struct APIPolicyTests {
    private static let account = "arn:aws:lookoutvision:us-east-1:000000000000"
    private static let output = #"{"OutputConfig":{"S3Location":{"Bucket":"nowhere"}}"#

    private let server: TestServer

    init() throws { server = try TestServer() }

    private func expectDenied(_ answer: Answer, _ words: String...) {
        #expect(answer.failure == "403 AccessDeniedException", "\(answer.text)")
        for word in words { #expect(answer.message.contains(word), "\(answer.message)") }
    }

    private func createProject(_ name: String = "p", as key: Credentials = TestServer.root)
        async throws -> Answer
    {
        try await server.call(.post, "/projects", #"{"ProjectName":"\#(name)"}"#, as: key)
    }

    /// - Parameter tags: a JSON list.
    private func createModel(tags: String? = nil, as key: Credentials = TestServer.root)
        async throws -> Answer
    {
        let end = tags.map { #","Tags":\#($0)}"# } ?? "}"
        return try await server.call(.post, "/projects/p/models", Self.output + end, as: key)
    }

    private func createDataset() async throws {
        _ = try await server.call(.post, "/projects/p/datasets", #"{"DatasetType":"train"}"#)
    }

    private func tag(_ version: String, _ tags: String, as key: Credentials) async throws -> Answer
    {
        let arn = CanonicalRequest.encode("\(Self.account):model/p/\(version)")
        return try await server.call(.post, "/tags/\(arn)", #"{"Tags":\#(tags)}"#, as: key)
    }

    private func untag(_ version: String, as key: Credentials) async throws -> Answer {
        let arn = CanonicalRequest.encode("\(Self.account):model/p/\(version)")
        return try await server.call(
            .delete, "/tags/\(arn)", query: [("tagKeys", "team")], as: key)
    }

    @Test func aUserMayDoWhatThePolicyAllowsAndNothingElse() async throws {
        _ = try await createProject("parts")
        let reader = try await server.user(
            allow(
                "lookoutvision:Describe*", "lookoutvision:ListModels",
                resource: "\(Self.account):project/parts"))
        #expect(try await server.call(.get, "/projects/parts", as: reader).status == 200)
        expectDenied(
            try await server.call(
                .post, "/projects/parts/datasets", #"{"DatasetType":"train"}"#, as: reader),
            "user/user1", "lookoutvision:CreateDataset", "\(Self.account):project/parts")
        expectDenied(try await server.call(.get, "/projects/other", as: reader))
        expectDenied(try await server.call(.get, "/projects", as: reader))
        let nobody = try await server.user()
        expectDenied(try await server.call(.get, "/projects", as: nobody))
        let careful = try await server.user(
            allow("*"), allow("lookoutvision:Delete*", effect: "Deny"))
        #expect(try await createProject("more", as: careful).status == 200)
        expectDenied(
            try await server.call(.delete, "/projects/more", as: careful), "explicit deny")
    }

    @Test func tagsDecide() async throws {
        _ = try await createProject()
        try await createDataset()
        _ = try await createModel(tags: #"[{"Key":"line","Value":"7"}]"#)
        _ = try await createModel()
        let seven = try await server.user(
            allow(
                "lookoutvision:DescribeModel",
                condition: #"{"StringEquals":{"aws:ResourceTag/line":"7"}}"#))
        #expect(try await server.call(.get, "/projects/p/models/1", as: seven).status == 200)
        for version in ["2", "latest"] {
            expectDenied(try await server.call(.get, "/projects/p/models/\(version)", as: seven))
        }
        let tagger = try await server.user(
            allow(
                "lookoutvision:TagResource", resource: "\(Self.account):model/p/*",
                condition: #"""
                    {"StringEquals":{"aws:RequestTag/team":"quality"},
                    "ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}
                    """#))
        let team = #"{"Key":"team","Value":"quality"}"#
        #expect(try await tag("2", "[\(team)]", as: tagger).status == 200)
        expectDenied(try await tag("2", #"[{"Key":"team","Value":"other"}]"#, as: tagger))
        expectDenied(
            try await tag("2", #"[\#(team),{"Key":"line","Value":"8"}]"#, as: tagger))
        expectDenied(try await untag("2", as: tagger))
        // A model that is tagged when it is made also needs the permission to tag.
        let maker = try await server.user(allow("lookoutvision:CreateModel"), allow("s3:*"))
        #expect(try await createModel(as: maker).status == 202)
        expectDenied(
            try await createModel(tags: #"[{"Key":"a","Value":"b"}]"#, as: maker), "TagResource")
    }

    @Test func addressesDecide() async throws {
        let here = try await server.user(
            allow(
                "lookoutvision:ListProjects",
                condition: #"{"IpAddress":{"aws:SourceIp":["127.0.0.0/8","::1/128"]}}"#))
        let elsewhere = try await server.user(
            allow(
                "lookoutvision:ListProjects",
                condition: #"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#))
        let now = server.now
        let request = TestRequest(.get, "/2020-11-20/projects")
        try await server.live { client, authority in
            for (key, status) in [(here, 200), (elsewhere, 403)] {
                let signed = request.signed(
                    as: key, "lookoutvision", host: authority, at: now)
                let answer = try await signed.send(by: client)
                #expect(answer.status == status)
            }
        }
        // Without an address no condition about one holds.
        expectDenied(try await server.call(.get, "/projects", as: here))
    }

    @Test(arguments: ["StartModelPackagingJob", "StartModelPackagingJobs"])
    func packagingNeedsTheRightsToWhatItDoes(_ spelling: String) async throws {
        _ = try await createProject()
        try await createDataset()
        try await server.bucket("parts-images")
        _ = try await server.call(
            .post, "/projects/p/models",
            #"{"OutputConfig":{"S3Location":{"Bucket":"parts-images"}}}"#)
        try await server.work()
        let needed = [
            "lookoutvision:\(spelling)", "s3:PutObject", "s3:GetBucketLocation",
            "greengrass:CreateComponentVersion", "greengrass:DescribeComponent",
        ]
        func statement(_ actions: [String], resource: String = "*") -> String {
            let names = actions.map { "\"\($0)\"" }.joined(separator: ",")
            return #"{"Effect":"Allow","Action":[\#(names)],"Resource":"\#(resource)"}"#
        }
        func start(_ key: Credentials, tags: String = "") async throws -> Answer {
            try await server.call(
                .post, "/projects/p/modelpackagingjobs",
                #"""
                {"ModelVersion":"1","Configuration":{"Greengrass":{"S3OutputLocation":
                {"Bucket":"parts-images","Prefix":"allowed/"},"ComponentName":"com.example.C",
                "TargetPlatform":{"Os":"LINUX","Arch":"X86_64"}\#(tags)}}}
                """#, as: key)
        }
        for missing in needed {
            let key = try await server.user(statement(needed.filter { $0 != missing }))
            let word = missing.hasSuffix("Jobs") ? String(missing.dropLast()) : missing
            expectDenied(try await start(key), word)
        }
        let elsewhere = try await server.user(
            statement(needed.filter { !$0.hasPrefix("s3:Put") }),
            statement(["s3:PutObject"], resource: "arn:aws:s3:::parts-images/elsewhere/*"))
        expectDenied(try await start(elsewhere), "arn:aws:s3:::parts-images/allowed/")
        let right = try await server.user(statement(needed))
        #expect(try await start(right).json["JobName"].string?.isEmpty == false)
        expectDenied(
            try await start(right, tags: #","Tags":[{"Key":"a","Value":"b"}]"#),
            "greengrass:TagResource")
    }

    @Test func membersThatDifferByCaseCarryNothingPastThePolicy() async throws {
        _ = try await createProject()
        try await createDataset()
        _ = try await createModel()
        let key = try await server.user(
            allow(
                "lookoutvision:TagResource",
                condition: #"{"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}"#))
        for _ in 0..<8 {
            let answer = try await tag(
                "1", #"[{"Key":"team","Value":"a","key":"owner","value":"me"}]"#, as: key)
            #expect(answer.status == 200)
        }
        let arn = CanonicalRequest.encode("\(Self.account):model/p/1")
        let tags = try await server.call(.get, "/tags/\(arn)").json["Tags"]
        #expect(tags == .array([.object(["Key": .string("team"), "Value": .string("a")])]))
        // The same holds for the other name of a version.
        let careful = try await server.user(
            allow("*"),
            allow("*", resource: "\(Self.account):model/p/1", effect: "Deny"))
        expectDenied(try await untag("1", as: careful))
        for version in ["01", "+1"] {
            let answer = try await untag(version, as: careful)
            #expect(answer.failure == "400 ValidationException")
        }
    }

    @Test func aPolicyThatCannotBeReadAllowsNothing() async throws {
        let key = try await server.user("old", policy: "{}")
        expectDenied(try await server.call(.get, "/projects", as: key))
    }
}
