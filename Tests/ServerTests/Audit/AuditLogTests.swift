import Access
import FoundationEssentials
import HTTPTypes
import Service
import TestSupport
import Testing
import Wire

/// The lines that calls leave in the audit log.
@Suite struct AuditLogTests {
    private let server: TestServer

    init() throws { server = try TestServer() }

    @Test func everyCallLeavesALine() async throws {
        let made = try await server.call(
            .post, "/projects", #"{"ProjectName":"p"}"#,
            headers: [("X-Amzn-Client-Token", "abc"), ("User-Agent", "Boto3/1")])
        _ = try await server.call(.post, "/projects/p/datasets", #"{"DatasetType":"train"}"#)
        let changes = Data(#"{"source-ref":"s3://b/hidden.png"}"#.utf8).base64EncodedString()
        _ = try await server.call(
            .patch, "/projects/p/datasets/train/entries", #"{"Changes":"\#(changes)"}"#)
        _ = try await server.call(.get, "/projects/missing")
        _ = try await server.call(.get, "/projects", as: try await server.user())
        let wrong = Credentials(
            accessKeyID: TestServer.root.accessKeyID, secretAccessKey: "wrong")
        _ = try await server.call(.get, "/projects", as: wrong)
        let lines = try server.auditLines() + server.auditLines(.unverified)
        #expect(
            lines.map { $0["eventName"].string } == [
                "CreateProject", "CreateDataset", "UpdateDatasetEntries", "DescribeProject",
                "ListProjects", "ListProjects",
            ])
        #expect(
            lines.map { $0["errorCode"].string } == [
                nil, nil, nil, "ResourceNotFoundException", "AccessDeniedException",
                "InvalidSignatureException",
            ])
        let first = lines[0]
        #expect(first["requestID"].string == made.header("x-amzn-requestid"))
        #expect(
            first["requestParameters"]
                == .object(["projectName": .string("p"), "clientToken": .string("abc")]))
        let project = first["responseElements"]["projectMetadata"]["projectName"]
        #expect(project.string == "p")
        #expect(first["userIdentity"]["type"].string == "Root")
        #expect(first["sourceIPAddress"] == .null)
        #expect(first["eventSource"].string == "lookoutvision.amazonaws.com")
        #expect(first["readOnly"] == .boolean(false))
        #expect(first["userAgent"].string == "Boto3/1")
        #expect(first["eventTime"].string == "2026-02-02T02:40:00Z")
        #expect(first["additionalEventData"]["serverHost"].string == "test-host")
        #expect(lines[4]["userIdentity"]["userName"].string == "user1")
        #expect(lines[4]["readOnly"] == .boolean(true))
        #expect(
            lines[5]["userIdentity"]
                == .object([
                    "type": .string("Unknown"),
                    "accessKeyId": .string(TestServer.root.accessKeyID),
                ]))
        let text = String(
            decoding: try Data(
                contentsOf: URL(filePath: "\(server.service.directory.path)/audit/audit.jsonl")),
            as: UTF8.self)
        for secret in ["hidden.png", TestServer.root.secretAccessKey, "ignature="] {
            #expect(!text.contains(secret))
        }
    }

    /// Two hundred unsigned requests emptied it once.
    @Test func whoHasNoKeyCannotPushLinesOutOfTheAuditLog() async throws {
        var limits = AdjustableLimits()
        limits.auditFileBytesMax = 8_000
        limits.auditFilesMax = 2
        let server = try TestServer(limits: limits)
        _ = try await server.call(.post, "/projects", #"{"ProjectName":"evidence"}"#)
        let wrong = Credentials(
            accessKeyID: TestServer.root.accessKeyID, secretAccessKey: "wrong")
        for index in 0..<100 {
            let request = TestRequest(.get, "/2020-11-20/projects/p\(index)")
            _ = try await server.send(request)
            _ = try await server.send(request, to: "lookoutvision", as: wrong)
            _ = try await server.send(TestRequest(.get, "/bucket/key\(index)"), to: "s3", as: wrong)
        }
        let lines = try server.auditLines()
        #expect(lines.map { $0["eventName"].string } == ["CreateProject"])
        let folder = "\(server.service.directory.path)/audit"
        let sizes = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasPrefix("unverified") }
            .map { try Data(contentsOf: URL(filePath: "\(folder)/\($0)")).count }
        #expect(sizes.count == 2 && sizes.allSatisfy { $0 <= 1_000 })
        let newest = try #require(try server.auditLines(.unverified).last)
        #expect(newest["userIdentity"]["type"].string == "Unknown")
    }

    @Test func aLineHasTheAddressThatARequestCameFrom() async throws {
        let now = server.now
        try await server.live { client, authority in
            let request = TestRequest(.get, "/2020-11-20/projects")
                .signed(as: TestServer.root, "lookoutvision", host: authority, at: now)
            let answer = try await request.send(by: client)
            #expect(answer.status == 200)
        }
        let line = try #require(try server.auditLines().first)
        #expect(["127.0.0.1", "::1"].contains(line["sourceIPAddress"].string))
    }

    @Test func aFewLargeCallsDoNotFlushTheAuditLog() async throws {
        let junk = String(repeating: "0,", count: 10_000) + "0"
        let answer = try await server.call(
            .post, "/projects/p/modelpackagingjobs",
            #"""
            {"ModelVersion":"1","Configuration":{"Greengrass":{"ComponentName":"c",
            "S3OutputLocation":{"Bucket":"bbb"},"junk":[\#(junk)]}},"other":1}
            """#, as: try await server.user())
        #expect(answer.status == 403)
        #expect(try server.auditLines().count == 1)
        let size = try Data(
            contentsOf: URL(filePath: "\(server.service.directory.path)/audit/audit.jsonl")
        ).count
        #expect(size < 5000)
    }

    @Test func theAuditLogIsRotatedBoundedAndMendedAfterACrash() async throws {
        var limits = AdjustableLimits()
        limits.auditFileBytesMax = 5000
        limits.auditFilesMax = 3
        let server = try TestServer(limits: limits)
        for _ in 0..<60 { _ = try await server.call(.get, "/projects") }
        let folder = "\(server.service.directory.path)/audit"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasPrefix("audit") }.sorted()
        #expect(names == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"])
        for name in names {
            let bytes = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
            #expect(bytes.count <= 5000)
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                #expect(try JSONValue(parsing: line)["eventName"].string == "ListProjects")
            }
        }
        let path = URL(filePath: "\(folder)/audit.jsonl")
        try (try Data(contentsOf: path) + Data(#"{"cut of"#.utf8)).write(to: path)
        let restarted = try TestServer(directory: server.service.directory, limits: limits)
        _ = try await restarted.call(.get, "/projects")
        let line = try #require(
            try Data(contentsOf: path).split(separator: UInt8(ascii: "\n")).last)
        #expect(try JSONValue(parsing: line)["eventName"].string == "ListProjects")
    }
}
