import Base
import Cloud
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Service
import Storage
import Wire
import WireAWS

/// S3 that lies elsewhere: a request that Spotter's policies allow is signed again with Spotter's
/// own key and passed on; the answer comes back as it is.
struct S3Forwarder: S3Backend {
    let peer: S3Peer
    let store: any ObjectStore
    /// Left out of ListBuckets.
    let hiddenBucket: String?

    /// Of an older signature in the query, which is not passed on.
    private static let signatureParameters: Set<String> = [
        "AWSAccessKeyId", "Signature", "Expires",
    ]
    private static let passedHeaders: Set<String> = [
        "cache-control", "content-disposition", "content-encoding", "content-language",
        "content-md5", "content-type", "expires", "range", "if-match", "if-none-match",
        "if-modified-since", "if-unmodified-since",
    ]
    /// About this signature, this connection, or the frames that Spotter has taken off.
    private static let ownHeaders: Set<String> = [
        "x-amz-date", "x-amz-content-sha256", "x-amz-security-token",
        "x-amz-decoded-content-length", "x-amz-trailer", "x-amz-sdk-checksum-algorithm",
    ]
    /// Of the answer: about the connection between Spotter and the peer.
    private static let connectionHeaders: Set<String> = [
        "connection", "content-length", "date", "keep-alive", "server", "transfer-encoding",
    ]

    func perform(
        _ request: S3Request, _ payload: S3Payload, _ permissions: S3Permissions
    ) async throws -> Response {
        if request.operation == .deleteObjects {
            return try await S3Deletion(request, payload, permissions).answer {
                try await delete($0, condition: $1)
            }
        }
        try Self.check(bucket: request.bucket)
        let method = request.operation.definition.method
        let body: CloudRequest.Body =
            ["PUT", "POST"].contains(method)
            ? .once(
                length: try payload.lengthOnTheWay(),
                S3PayloadPieces(payload: payload, bytesMax: S3Limits.putBytesMax))
            : .bytes(Data())
        let answer = try await peer.client.pass(
            peer.request(
                method, request.bucket.isEmpty ? nil : request.bucket,
                request.key.isEmpty ? nil : request.key,
                query: request.query.filter { parameter in
                    // Those with `x-amz-` are the signature's, or go as headers.
                    !parameter.name.lowercased().hasPrefix("x-amz-")
                        && !Self.signatureParameters.contains(parameter.name)
                },
                headers: Self.headers(request), body: body))
        var response = Response(status: .init(code: answer.status))
        for (name, value) in answer.headers
        where !Self.connectionHeaders.contains(name.lowercased()) {
            response.headers[named: name] = value
        }
        if let hiddenBucket, request.operation == .listBuckets, answer.status == 200 {
            return try await PeerBuckets.response(answer, without: hiddenBucket)
        }
        if method == "HEAD" {
            response.headers[.contentLength] = answer.header("content-length")
            return response
        }
        response.body = ResponseBody(contentLength: answer.length) { writer in
            for try await piece in answer.body { try await writer.write(piece) }
            try await writer.finish(nil)
        }
        return response
    }

    func store(_ request: S3Request, _ form: inout S3Form) async throws -> Response {
        throw S3Error(
            .notImplemented,
            "An upload by a browser's form is not passed on to the store behind this server, which "
                + "must know the file's length in advance. Use a presigned URL for PUT.")
    }

    func crossOrigin(_ bucket: String) async throws -> CORSConfiguration? {
        if let hiddenBucket, UserObjects.isSame(bucket, hiddenBucket) { return nil }
        try Self.check(bucket: bucket)
        let answer = try await peer.client.pass(
            peer.request("GET", bucket, query: [(name: "cors", value: "")]))
        let body = try await answer.collect(bytesMax: S3Limits.documentBytesMax)
        guard answer.status == 200 else { return nil }
        return try S3XML.decode(CORSConfiguration.self, from: body, root: "CORSConfiguration")
    }

    /// A name goes into the address of the request to the peer: it must not end there, nor lead
    /// elsewhere.
    private static func check(bucket: String) throws(S3Error) {
        guard bucket.isEmpty || BucketName(bucket) != nil else {
            throw S3Error(
                .invalidBucketName, "The specified bucket is not valid.",
                details: ["BucketName": String(bucket.prefix(80))])
        }
    }

    private func delete(_ location: ObjectLocation, condition: WriteCondition) async throws {
        guard condition == .none else {
            throw S3Error(
                .notImplemented, "Conditions of DeleteObjects are not passed on; use DeleteObject.")
        }
        try await store.delete(location)
    }

    private static func headers(_ request: S3Request) -> [(name: String, value: String)] {
        request.headers.compactMap { field in
            let name = field.name.canonicalName
            let isPassed =
                passedHeaders.contains(name)
                || name.hasPrefix("x-amz-") && !ownHeaders.contains(name)
            guard isPassed else { return nil }
            guard name == "content-encoding" else { return (name, field.value) }
            let kept = S3Metadata.withoutFraming(field.value)
            return kept.map { (name, $0) }
        }
    }
}

/// A payload as the body of a request to another server.
private struct S3PayloadPieces: AsyncSequence, Sendable {
    let payload: S3Payload
    let bytesMax: Int

    func makeAsyncIterator() -> Iterator {
        Iterator(payload: payload, bytesMax: bytesMax)
    }

    struct Iterator: AsyncIteratorProtocol {
        let payload: S3Payload
        let bytesMax: Int
        var reader: S3Payload.Reader?

        mutating func next() async throws -> ByteBuffer? {
            var reader = try reader ?? S3Payload.Reader(payload, bytesMax: bytesMax)
            let piece = try await reader.next()
            self.reader = reader
            return piece.map { ByteBuffer(bytes: $0) }
        }
    }
}
