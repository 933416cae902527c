import Access
import FoundationEssentials
import HTTPTypes
import Storage
import TestSupport

/// Requests to the S3 of a server, in a bucket of the client's own.
struct S3Client: Sendable {
    let server: TestServer
    let bucket: String
    var key = TestServer.root

    /// A client with a new bucket.
    init(_ server: TestServer) async throws {
        self.server = server
        bucket = "b-\(UUID().uuidString.lowercased())"
        try await server.service.buckets.makeBucket(bucket)
    }

    /// The folder of the bucket.
    var folder: String { "\(server.service.directory.path)/buckets/\(bucket)" }

    /// The same bucket by another key.
    func with(_ key: Credentials) -> S3Client {
        var client = self
        client.key = key
        return client
    }

    /// - Parameter key: not encoded; empty for the bucket itself.
    func request(
        _ method: HTTPRequest.Method, _ key: String = "", query: [(String, String)] = [],
        headers: [(String, String)] = [], body: Data = Data()
    ) -> TestRequest {
        let path = key.isEmpty ? "" : "/" + CanonicalRequest.encode(key, isPath: true)
        return TestRequest(
            method, "/\(bucket)\(path)", query: query,
            headers: headers, body: body)
    }

    func send(
        _ method: HTTPRequest.Method, _ key: String = "", query: [(String, String)] = [],
        headers: [(String, String)] = [], body: Data = Data()
    ) async throws -> Answer {
        // As clients do, also of a put that is empty.
        let isEmptyPut = method == .put && body.isEmpty
        let headers = headers + (isEmptyPut ? [("Content-Length", "0")] : [])
        return try await server.send(
            request(method, key, query: query, headers: headers, body: body), to: "s3",
            as: self.key)
    }

    @discardableResult
    func put(_ key: String, _ body: String, headers: [(String, String)] = []) async throws
        -> Answer
    {
        try await send(.put, key, headers: headers, body: Data(body.utf8))
    }

    func get(
        _ key: String, query: [(String, String)] = [], headers: [(String, String)] = []
    ) async throws -> Answer {
        try await send(.get, key, query: query, headers: headers)
    }

    func head(_ key: String) async throws -> Answer { try await send(.head, key) }

    /// ListObjectsV2.
    func list(_ query: (String, String)...) async throws -> Answer {
        try await send(.get, query: [("list-type", "2")] + query)
    }

    /// DeleteObjects.
    func delete(_ document: String) async throws -> Answer {
        try await send(.post, query: [("delete", "")], body: Data(document.utf8))
    }

    /// A new multipart upload.
    func upload(_ key: String, headers: [(String, String)] = []) async throws -> String {
        let answer = try await send(.post, key, query: [("uploads", "")], headers: headers)
        return answer.element("UploadId") ?? ""
    }

    func part(
        _ key: String, _ upload: String, _ number: Int, _ body: Data,
        headers: [(String, String)] = []
    ) async throws -> Answer {
        try await send(
            .put, key, query: [("partNumber", "\(number)"), ("uploadId", upload)],
            headers: headers, body: body)
    }

    /// - Parameter parts: number and ETag of each.
    func complete(
        _ key: String, _ upload: String, _ parts: [(Int, String)],
        headers: [(String, String)] = []
    ) async throws -> Answer {
        let document = parts.map {
            "<Part><PartNumber>\($0.0)</PartNumber><ETag>\($0.1)</ETag></Part>"
        }.joined()
        return try await send(
            .post, key, query: [("uploadId", upload)], headers: headers,
            body: Data(
                "<CompleteMultipartUpload>\(document)</CompleteMultipartUpload>".utf8))
    }
}

/// Bytes that no compression and no pattern explains; the same for the same seed.
func noise(_ count: Int, seed: UInt64 = 1) -> Data {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    let words = (0..<(count + 7) / 8).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
    return words.withUnsafeBytes { Data($0.prefix(count)) }
}
