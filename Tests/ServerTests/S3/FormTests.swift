import Access
import Crypto
import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

/// Uploads by a browser's form: what its policy allows is stored, and nothing else.
@Suite(.sharedServer) struct FormTests {
    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    /// A form under a policy, as a page has it; tests change what they are about.
    private struct Form {
        let client: S3Client
        var fields: [(name: String, value: String)] = [
            ("key", "photos/${filename}"), ("acl", "private"), ("Content-Type", "text/plain"),
        ]
        var conditions = [
            #"["starts-with", "$key", "photos/"]"#, #"{"acl": "private"}"#,
            #"["starts-with", "$Content-Type", "text/"]"#, #"["content-length-range", 0, 1024]"#,
        ]
        var expiration: String? = nil
        var policy: String? = nil
        var file = "bytes of the file"
        var secret = TestServer.root.secretAccessKey
        var id = TestServer.root.accessKeyID
        /// Nil for the way before Version 4.
        var region: String? = "us-east-1"
        var removed: Set<String> = []

        init(_ client: S3Client) {
            self.client = client
            conditions.append(#"{"bucket": "\#(client.bucket)"}"#)
        }

        func signed() -> [(name: String, value: String)] {
            let now = client.server.now
            let time = SigningTime.format(now)
            let end = expiration ?? now.addingTimeInterval(600).formatted(.iso8601)
            let scope = SigningScope(
                day: String(time.prefix(8)), region: region ?? "", service: "s3")
            var (fields, conditions) = (fields, conditions)
            if region != nil {
                let added = [
                    ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
                    ("x-amz-credential", "\(id)/\(scope.text)"), ("x-amz-date", time),
                ]
                fields += added.map { (name: $0.0, value: $0.1) }
                conditions += added.map { #"{"\#($0.0)": "\#($0.1)"}"# }
            }
            let list = conditions.joined(separator: ",")
            let document = policy ?? #"{"expiration": "\#(end)", "conditions": [\#(list)]}"#
            let text = Data(document.utf8).base64EncodedString()
            fields.append(("Policy", text))
            if region != nil {
                let signature = CanonicalRequest.hexSignature(
                    of: text, secret: secret, scope: scope)
                fields.append(("x-amz-signature", signature))
            } else {
                let code = HMAC<Insecure.SHA1>.authenticationCode(
                    for: Data(text.utf8), using: SymmetricKey(data: Data(secret.utf8)))
                fields.append(("AWSAccessKeyId", id))
                fields.append(("signature", Data(code).base64EncodedString()))
            }
            return fields.filter { !removed.contains($0.name) }
        }

        func send() async throws -> Answer {
            var body = signed().map { field in
                "--limit\r\nContent-Disposition: form-data; name=\"\(field.name)\"\r\n\r\n"
                    + "\(field.value)\r\n"
            }.joined()
            body +=
                "--limit\r\nContent-Disposition: form-data; name=\"file\"; "
                + "filename=\"C:\\\\pictures\\\\a b.txt\"\r\nContent-Type: text/plain\r\n\r\n"
                + "\(file)\r\n--limit--\r\n"
            return try await client.server.send(
                TestRequest(
                    .post, "/\(client.bucket)",
                    headers: [("Content-Type", "multipart/form-data; boundary=limit")],
                    body: Data(body.utf8)))
        }
    }

    @Test(arguments: ["us-east-1", nil])
    func aFormStoresItsFileUnderTheNameThatTheBrowserSays(_ region: String?) async throws {
        let client = try await S3Client(server)
        var form = Form(client)
        form.region = region
        form.fields += [("x-amz-meta-station", "A-7"), ("x-ignore-this", "1")]
        form.conditions.append(#"["eq", "$x-amz-meta-station", "A-7"]"#)
        let answer = try await form.send()
        #expect(answer.status == 204)
        let got = try await client.get("photos/a b.txt")
        #expect(got.text == form.file)
        #expect(got.header("etag") == answer.header("etag"))
        #expect(got.header("content-type") == "text/plain")
        #expect(got.header("x-amz-meta-station") == "A-7")
    }

    @Test func aFormSaysWhereTheBrowserGoesNext() async throws {
        let client = try await S3Client(server)
        var form = Form(client)
        form.fields.append(("success_action_status", "201"))
        form.conditions.append(#"["eq", "$success_action_status", "201"]"#)
        let created = try await form.send()
        #expect(created.status == 201)
        #expect(created.element("Key") == "photos/a b.txt")
        #expect(created.element("Bucket") == client.bucket)
        form = Form(client)
        form.fields.append(("success_action_redirect", "https://example.com/done?a=1"))
        form.conditions.append(#"["starts-with", "$success_action_redirect", "https://"]"#)
        let moved = try await form.send()
        #expect(moved.status == 303)
        let etag = (moved.header("etag") ?? "").replacing("\"", with: "%22")
        #expect(
            moved.header("location")
                == "https://example.com/done?a=1&bucket=\(client.bucket)"
                + "&key=photos%2Fa%20b.txt&etag=\(etag)")
        form = Form(client)
        form.fields.append(("success_action_redirect", "javascript:alert(1)"))
        form.conditions.append(#"["starts-with", "$success_action_redirect", ""]"#)
        #expect(try await form.send().status == 204)
    }

    @Test func whatThePolicyDoesNotAllowIsNotStored() async throws {
        let client = try await S3Client(server)
        typealias Change = (inout Form) -> Void
        let refused: [(String, Change)] = [
            ("403 SignatureDoesNotMatch", { $0.secret = "wrong" }),
            ("403 InvalidAccessKeyId", { $0.id = "SPTRNOBODYNOBODYNOBO" }),
            ("403 AccessDenied", { $0.expiration = "2001-01-01T00:00:00Z" }),
            ("403 AccessDenied", { $0.fields[0].value = "elsewhere/x" }),
            ("403 AccessDenied", { $0.fields.append(("x-amz-meta-a", "not in the policy")) }),
            ("403 AccessDenied", { $0.conditions.append(#"["eq", "$x-amz-meta-b", "1"]"#) }),
            ("403 AccessDenied", { $0.conditions.removeLast() }),
            ("403 AccessDenied", { $0.removed = ["Policy"] }),
            ("400 InvalidArgument", { $0.removed = ["x-amz-signature"] }),
            ("400 InvalidArgument", { $0.removed = ["key"] }),
            ("400 InvalidPolicyDocument", { $0.expiration = "tomorrow" }),
            ("400 InvalidPolicyDocument", { $0.conditions.append("{}") }),
            ("400 InvalidPolicyDocument", { $0.conditions.append(#"["like", "$key", "x"]"#) }),
            (
                "400 InvalidPolicyDocument",
                { $0.conditions.append(#"["content-length-range", 0]"#) }
            ),
            (
                "400 InvalidPolicyDocument",
                { $0.conditions.append(#"["content-length-range", -1, 0]"#) }
            ),
            ("400 InvalidPolicyDocument", { $0.policy = "{}" }),
            ("400 InvalidPolicyDocument", { $0.policy = "no JSON" }),
            (
                "400 InvalidPolicyDocument",
                { $0.policy = #"{"EXPIRATION": "2999-01-01T00:00:00Z", "conditions": []}"# }
            ),
            ("400 EntityTooLarge", { $0.file = String(repeating: "x", count: 1025) }),
            (
                "400 EntityTooSmall",
                { $0.conditions.append(#"["content-length-range", 100, 200]"#) }
            ),
            ("403 AccessDenied", { $0.fields[1].value = "public-read" }),
            ("403 AccessDenied", { $0.fields.append(("bucket", "another")) }),
            (
                "400 MaxPostPreDataLengthExceeded",
                { $0.fields[2].value = .init(repeating: "x", count: 21_000) }
            ),
        ]
        for (failure, change) in refused {
            var form = Form(client)
            change(&form)
            #expect(try await form.send().xmlFailure == failure)
        }
        #expect(try await client.list().elements("Key").isEmpty)
    }

    @Test func theFieldsOfAFormAreNamedInAnyCase() async throws {
        let client = try await S3Client(server)
        var form = Form(client)
        form.fields = [("kEy", "photos/x"), ("AcL", "private"), ("CONTENT-TYPE", "text/plain")]
        #expect(try await form.send().status == 204)
        #expect(try await client.get("photos/x").text == form.file)
    }

    @Test func theChecksumOfAFormIsCheckedAndKept() async throws {
        let client = try await S3Client(server)
        var form = Form(client)
        form.conditions.append(#"["starts-with", "$x-amz-checksum-sha256", ""]"#)
        let sum = Data(SHA256.hash(data: Data(form.file.utf8))).base64EncodedString()
        form.fields.append(("x-amz-checksum-sha256", sum))
        #expect(try await form.send().status == 204)
        let head = try await client.send(
            .head, "photos/a b.txt", headers: [("x-amz-checksum-mode", "ENABLED")])
        #expect(head.header("x-amz-checksum-sha256") == sum)
        form.file += "!"
        #expect(try await form.send().xmlFailure == "400 BadDigest")
    }

    @Test func aUserUploadsByFormWhereThePolicyOfTheUserAllowsIt() async throws {
        let client = try await S3Client(server)
        let key = try await server.user(
            allow("s3:PutObject", resource: "arn:aws:s3:::\(client.bucket)/photos/*"))
        var form = Form(client)
        (form.id, form.secret) = (key.accessKeyID, key.secretAccessKey)
        #expect(try await form.send().status == 204)
        form.conditions[0] = #"["starts-with", "$key", ""]"#
        form.fields[0].value = "closed/x"
        #expect(try await form.send().xmlFailure == "403 AccessDenied")
    }

    @Test func aFormThatIsTornOrWithoutAFileIsRefused() async throws {
        let client = try await S3Client(server)
        let field = "--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n"
        let file = "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nbytes"
        for (body, type) in [
            ("", "; boundary=x"), ("--x--\r\n", "; boundary=x"), (field + "--x--", "; boundary=x"),
            (file, "; boundary=x"), (field + "--xy", "; boundary=x"), (field, ""),
            ("--x\r\nnothing: here\r\n\r\nk\r\n--x--", "; boundary=x"),
            (field + field + file + "\r\n--x--", "; boundary=x"),
        ] {
            let answer = try await server.send(
                TestRequest(
                    .post, "/\(client.bucket)",
                    headers: [("Content-Type", "multipart/form-data" + type)],
                    body: Data(body.utf8)))
            #expect(answer.status == 400, "\(body)")
        }
    }
}
