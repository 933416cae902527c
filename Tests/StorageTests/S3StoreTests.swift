import Access
import Base
import Cloud
import FoundationEssentials
import Logging
import NIOPosix
import Storage
import TestSupport
import Testing

@Suite struct S3StoreTests {
    @Test func itKeepsTheContract() async throws {
        try await S3StoreFixture.with { try await ObjectStoreContract.all($0.store) }
    }

    @Test func largeFilesGoInPartsThatComeBackWhole() async throws {
        try await S3StoreFixture.with { fixture in
            let directory = try TemporaryDirectory()
            let bytes = S3StoreFixture.bytes(20_000_003)
            let path = "\(directory.path)/large"
            try bytes.write(to: URL(filePath: path))
            let location = ObjectLocation(bucket: try await fixture.bucket(), key: "large")
            try await fixture.store.put(.file(path: path), at: location)
            let parts = fixture.proxy.requests.filter { $0.contains("partNumber=") }
            #expect(parts.count == 3)
            #expect(
                fixture.proxy.requests.last?.hasPrefix("POST /\(location.bucket)/large?") == true)
            #expect(try await fixture.store.get(location, bytesMax: bytes.count) == bytes)
            #expect(try await fixture.store.head(location)?.size == bytes.count)
        }
    }

    @Test(arguments: [5, 17_000_000])
    func whatIsKeptBesideAnObjectGoesWithIt(size: Int) async throws {
        try await S3StoreFixture.with { fixture in
            let directory = try TemporaryDirectory()
            let path = "\(directory.path)/file"
            try S3StoreFixture.bytes(size).write(to: URL(filePath: path))
            let location = ObjectLocation(bucket: try await fixture.bucket(), key: "file")
            #expect(try await fixture.store.head(location) == nil)
            let attributes = ObjectAttributes(
                etag: "", headers: ["content-type": "text/x-letter"],
                userMetadata: ["from": "ann"])
            try await fixture.store.put(attributes, at: location) { try OpenFile.reading(path) }
            let peer = fixture.store.peer
            let (response, _) = try await peer.client.send(
                peer.request("HEAD", location.bucket, location.key), bytesMax: 0)
            #expect(response.header("content-type") == "text/x-letter")
            #expect(response.header("x-amz-meta-from") == "ann")
            #expect(response.length == size)
            #expect(response.header("etag")?.contains("-") == (size > 16 << 20))
        }
    }

    @Test func keysOfAllKindsComeBackFromLists() async throws {
        try await S3StoreFixture.with { fixture in
            let bucket = try await fixture.bucket()
            let keys = ["a b/c+d.txt", "a b/e&f=g%41?#.txt", "ü/\u{65}\u{301}", "x/'(~)*!;:@$,"]
            for key in keys {
                let location = ObjectLocation(bucket: bucket, key: key)
                try await fixture.store.put(.bytes(Data(key.utf8)), at: location)
                #expect(try await fixture.store.get(location, bytesMax: 99) == Data(key.utf8))
            }
            let found = try await fixture.store.list(bucket, prefix: "", after: nil, limit: 99)
            #expect(
                found.map { Data($0.key.utf8) }
                    == keys.map { Data($0.utf8) }.sorted {
                        $0.lexicographicallyPrecedes($1)
                    })
        }
    }

    @Test func listsGoOverPages() async throws {
        try await S3StoreFixture.with { fixture in
            let bucket = try await fixture.bucket()
            let keys = (0..<1010).map { "k/\(10_000 + $0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for key in keys {
                    if key.hasSuffix("0") { try await group.next() }
                    group.addTask {
                        try await fixture.store.put(
                            .bytes(Data()), at: ObjectLocation(bucket: bucket, key: key))
                    }
                }
                try await group.waitForAll()
            }
            let all = try await fixture.store.list(bucket, prefix: "k/", after: nil, limit: 2000)
            #expect(all.map(\.key) == keys)
            let some = try await fixture.store.list(bucket, prefix: "k/", after: nil, limit: 1005)
            #expect(some.map(\.key) == Array(keys.prefix(1005)))
        }
    }

    @Test func aHeadInABucketThatIsMissingSaysSo() async throws {
        try await S3StoreFixture.with { fixture in
            let error = await #expect(throws: StorageError.self) {
                try await fixture.store.head(ObjectLocation(bucket: "not-there", key: "x"))
            }
            #expect(error?.code == .noSuchBucket)
        }
    }

    @Test(arguments: [
        ("bucket", "https://bucket.s3.eu-west-1.amazonaws.com", "/a%20b/c%2Bd"),
        ("my.bucket", "https://s3.eu-west-1.amazonaws.com", "/my.bucket/a%20b/c%2Bd"),
        ("Upper_Case", "https://s3.eu-west-1.amazonaws.com", "/Upper_Case/a%20b/c%2Bd"),
    ])
    func bucketsOfAWSAreNamedInTheHostWhereTheyCan(bucket: String, host: String, path: String)
        async throws
    {
        let connections = HTTPConnections()
        let peer = S3Peer(
            connections: connections, endpoint: nil, region: "eu-west-1",
            credentials: Credentials(accessKeyID: "a", secretAccessKey: "b"),
            logger: Logger(label: "test"))
        let request = peer.request("GET", bucket, "a b/c+d")
        #expect((request.endpoint ?? peer.client.endpoint).url == host)
        #expect(request.path == path)
        try await connections.shutDown()
    }
}
