import Access
import Cloud
import Testing

@Suite struct CredentialsChainTests {
    private let files = [
        "/home/u/.aws/credentials": """
        [default]
        aws_access_key_id = AKDEFAULT
        aws_secret_access_key = secret-of=default
        # [commented]
        [work]
        aws_access_key_id=AKWORK
        aws_secret_access_key=secret-of-work
        aws_session_token=token-of-work
        [half]
        aws_access_key_id=AKHALF
        """,
        "/home/u/.aws/config": """
        [default]
        region = eu-central-1
        s3 =
          region = nested
        [profile work]
        region=eu-west-3
        [profile role]
        role_arn = arn:aws:iam::123456789012:role/x
        """,
    ]

    private func chain(_ environment: [String: String]) -> CredentialsChain {
        let files = files
        return CredentialsChain(
            environment: environment.merging(["HOME": "/home/u"]) { first, _ in first },
            read: { files[$0] })
    }

    @Test func theEnvironmentComesFirst() throws {
        let chain = chain([
            "AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t",
            "AWS_PROFILE": "work", "AWS_REGION": "us-west-2",
        ])
        #expect(
            try chain.credentials()
                == Credentials(accessKeyID: "AKENV", secretAccessKey: "s", sessionToken: "t"))
        #expect(chain.region() == "us-west-2")
    }

    @Test func profilesComeFromTheFiles() throws {
        #expect(
            try chain([:]).credentials()
                == Credentials(accessKeyID: "AKDEFAULT", secretAccessKey: "secret-of=default"))
        #expect(chain([:]).region() == "eu-central-1")
        let work = chain(["AWS_PROFILE": "work"])
        #expect(
            try work.credentials()
                == Credentials(
                    accessKeyID: "AKWORK", secretAccessKey: "secret-of-work",
                    sessionToken: "token-of-work"))
        #expect(work.region() == "eu-west-3")
        #expect(chain(["AWS_DEFAULT_REGION": "x", "AWS_REGION": ""]).region() == "x")
    }

    @Test func whatIsMissingIsNamedAndNoSecretIs() throws {
        let cases: [([String: String], [String])] = [
            (["AWS_PROFILE": "none"], ["'none'", "/home/u/.aws/credentials", "AWS_ACCESS_KEY_ID"]),
            (["AWS_PROFILE": "half"], ["'half'", "aws_secret_access_key"]),
            (["AWS_PROFILE": "role"], ["'role'", "role_arn"]),
            (["AWS_ACCESS_KEY_ID": "AK"], ["AWS_SECRET_ACCESS_KEY is not"]),
            (["AWS_SHARED_CREDENTIALS_FILE": "~/other"], ["/home/u/other"]),
        ]
        for (environment, words) in cases {
            let error = #expect(throws: CloudError.self) {
                try chain(environment).credentials()
            }
            #expect(error?.code == .credentials)
            for word in words { #expect(error?.message.contains(word) == true, "\(word)") }
            #expect(error?.message.contains("secret-of") == false)
        }
    }

    @Test(arguments: [
        ("http://localhost:9000", "http://localhost:9000"),
        (
            "https://S3.Example.com/",
            "https://s3.example.com"
        ), ("https://host:443", "https://host"),
        ("http://[::1]:9", "http://[::1]:9"),
    ])
    func addressesOfServersAreRead(url: String, expected: String) throws {
        #expect(try CloudEndpoint(url: url).url == expected)
    }

    @Test(arguments: [
        "", "localhost:9000", "ftp://x", "http://", "http://x/path", "http://x?query",
        "http://key:secret@x", "http://x:0", "http://x:70000",
    ])
    func whatIsNoAddressIsRefused(url: String) {
        let error = #expect(throws: CloudError.self) { try CloudEndpoint(url: url) }
        #expect(error?.code == .endpoint)
        #expect(error?.message.contains("secret") == false)
    }

    @Test func delaysGrowToABoundAndAreSpread() {
        let policy = RetryPolicy()
        #expect(policy.delaySeconds(after: 1, share: 0) == 0)
        #expect(policy.delaySeconds(after: 1, share: 0.5) == 0.1)
        #expect(policy.delaySeconds(after: 3, share: 0.5) == 0.4)
        #expect(policy.delaySeconds(after: 99, share: 0.5) == 5)
        #expect(policy.delaySeconds(after: 1, share: 0, wanted: 3) == 3)
        #expect(policy.delaySeconds(after: 1, share: 0, wanted: 3600) == 10)
    }
}
