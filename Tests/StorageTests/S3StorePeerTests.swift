import Access
import Cloud
import Foundation
import Logging
import NIOPosix
import Storage
import TestSupport
import Testing

/// Where `make integration` says that another server is.
private enum OtherS3 {
    static let endpoint = variable("ENDPOINT")
    static let accessKeyID = variable("ACCESS_KEY_ID") ?? ""
    static let secretAccessKey = variable("SECRET_ACCESS_KEY") ?? ""

    private static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment["SPOTTER_TEST_S3_\(name)"]
    }
}

/// The contract against another server.
@Suite(.enabled(if: OtherS3.endpoint != nil))
struct S3StorePeerTests {
    private func withStore(
        secret: String = OtherS3.secretAccessKey, _ body: (S3Store) async throws -> Void
    ) async throws {
        let connections = HTTPConnections()
        let pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
        let peer = S3Peer(
            connections: connections, endpoint: try CloudEndpoint(url: OtherS3.endpoint ?? ""),
            region: "us-east-1",
            credentials: Credentials(accessKeyID: OtherS3.accessKeyID, secretAccessKey: secret),
            logger: Logger(label: "test"))
        try await body(S3Store(peer: peer, pool: pool))
        try await connections.shutDown()
        try await pool.shutdownGracefully()
    }

    @Test func itKeepsTheContract() async throws {
        try await withStore { try await ObjectStoreContract.all($0) }
    }

    @Test func largeFilesGoInPartsThatComeBackWhole() async throws {
        try await withStore { store in
            let directory = try TemporaryDirectory()
            let bytes = S3StoreFixture.bytes(20_000_003)
            try bytes.write(to: URL(filePath: "\(directory.path)/large"))
            let location = ObjectLocation(bucket: "parts", key: "a b/c+d é.bin")
            try await store.createBucket(location.bucket)
            try await store.put(.file(path: "\(directory.path)/large"), at: location)
            #expect(try await store.get(location, bytesMax: bytes.count) == bytes)
            let found = try await store.list(location.bucket, prefix: "a b/", after: nil, limit: 9)
            #expect(found == [ObjectSummary(key: location.key, size: bytes.count)])
        }
    }

    @Test func aWrongKeyIsToldInTheServersWords() async throws {
        try await withStore(secret: "not-the-one") { store in
            let error = await #expect(throws: StorageError.self) {
                try await store.list("some-bucket", prefix: "", after: nil, limit: 1)
            }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("SignatureDoesNotMatch (403)") == true)
            #expect(error?.message.contains("not-the-one") == false)
        }
    }
}
