import Access
import Base
import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import Wire
import WireAWS

/// The body of a request to S3: read once, in pieces, and checked while it passes.
struct S3Payload: Sendable {
    /// Bytes of the object; nil when the request does not say.
    let length: Int?
    private let pool: NIOThreadPool
    private let onRead: (@Sendable () -> Void)?
    private let body: RequestBody
    private let hasBody: Bool
    private let form: PayloadDecoder.Form
    private let contentMD5: Data?
    /// What the request's headers say that checksums are.
    private let announced: [ChecksumAlgorithm: String]
    /// Checksums that follow the payload in a trailer, or that the server computes.
    private let awaited: Set<ChecksumAlgorithm>

    /// Pieces are gathered up to this many bytes, so that few calls cross to the disk's threads.
    private static let pieceBytes = 1 << 20

    /// - Parameters:
    ///   - hash: `X-Amz-Content-SHA256`, or UNSIGNED-PAYLOAD where none is needed.
    ///   - pool: where documents are decoded.
    ///   - onRead: called before the first byte is read.
    init(
        _ request: Request, _ parsed: S3Request, hash: String, signer: ChunkSigner?,
        pool: NIOThreadPool, onRead: (@Sendable () -> Void)? = nil
    ) throws(S3Error) {
        self.pool = pool
        self.onRead = onRead
        body = request.body
        hasBody = request.headers[.transferEncoding] != nil
        let sent = request.headers[.contentLength].flatMap { Int($0) }
        let decoded = request.headers[S3Header.decodedLength].flatMap { Int($0) }
        switch hash {
        case SignatureVerifier.unsignedPayload:
            form = .plain(sha256: nil)
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
            form = .chunked(signer, hasTrailer: false)
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
            form = .chunked(signer, hasTrailer: true)
        case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
            form = .chunked(nil, hasTrailer: true)
        default:
            guard hash.utf8.count == 64, Hex.decode(hash) != nil else {
                throw S3Error(
                    .invalidArgument,
                    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-"
                        + "TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-"
                        + "PAYLOAD-TRAILER or a valid sha256 value.")
            }
            form = .plain(sha256: hash)
        }
        if case .chunked = form {
            guard decoded != nil else {
                throw S3Error(
                    .missingContentLength,
                    "You must provide the x-amz-decoded-content-length HTTP header.")
            }
            length = decoded
        } else {
            length = sent
        }
        contentMD5 = try Self.contentMD5(parsed.headers)
        // Here they are checksums of the object, not of the document that is sent.
        (announced, awaited) =
            parsed.operation == .completeMultipartUpload
            ? ([:], []) : try Self.checksums(parsed.headers)
    }

    private static func contentMD5(_ headers: HTTPFields) throws(S3Error) -> Data? {
        guard let text = headers[HeaderName.name("content-md5")] else { return nil }
        guard let digest = Data(base64Encoded: text), digest.count == 16 else {
            throw S3Error(.invalidDigest, "The Content-MD5 you specified is not valid.")
        }
        return digest
    }

    /// What a request says about the checksums of its payload: their values, and those that
    /// follow in a trailer.
    static func checksums(_ headers: HTTPFields) throws(S3Error) -> (
        [ChecksumAlgorithm: String], Set<ChecksumAlgorithm>
    ) {
        var announced: [ChecksumAlgorithm: String] = [:]
        var awaited: Set<ChecksumAlgorithm> = []
        let trailer = headers[S3Header.trailer]?.lowercased() ?? ""
        for algorithm in ChecksumAlgorithm.allCases {
            if let text = headers[named: algorithm.headerName] {
                guard Data(base64Encoded: text)?.count == algorithm.byteCount else {
                    throw S3Error(
                        .badDigest, "Value for \(algorithm.headerName) header is invalid.")
                }
                announced[algorithm] = text
            }
            let names = trailer.split(whereSeparator: { $0 == "," || $0 == " " })
            if names.contains(Substring(algorithm.headerName)) { awaited.insert(algorithm) }
        }
        if announced.count > 1 {
            throw S3Error(
                .invalidRequest,
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not "
                    + "allowed.")
        }
        return (announced, awaited)
    }

    /// Bytes for a server that must know their number in advance.
    ///
    /// - Throws: `missingContentLength` where the client does not say.
    func lengthOnTheWay() throws(S3Error) -> Int {
        guard let length = length ?? (hasBody ? nil : 0) else {
            throw S3Error(
                .missingContentLength, "You must provide the Content-Length HTTP header.")
        }
        return length
    }

    /// - Throws: `missingContentLength` for a put that says neither how long it is nor that it
    ///   comes in chunks: it would be taken for an empty one.
    func requireLength() throws(S3Error) { _ = hasBody ? 0 : try known() }

    private func known() throws(S3Error) -> Int {
        guard let length else {
            throw S3Error(
                .missingContentLength, "You must provide the Content-Length HTTP header.")
        }
        return length
    }

    /// Reads all of it.
    ///
    /// - Parameters:
    ///   - algorithms: checksums to compute beside those that the request names.
    ///   - piece: takes the bytes in order; what it did must be undone if this throws.
    /// - Returns: the checksums in base64 that the request named or that were asked for.
    /// - Throws: `S3Error` when length, hash, a signature, Content-MD5 or a checksum is wrong.
    func read(
        computing algorithms: Set<ChecksumAlgorithm> = [], bytesMax: Int,
        _ piece: (Data) async throws -> Void
    ) async throws -> [ChecksumAlgorithm: String] {
        var reader = try Reader(self, computing: algorithms, bytesMax: bytesMax)
        while let bytes = try await reader.next() { try await piece(bytes) }
        return reader.checksums
    }

    /// A document, which takes a while to decode in the worst case.
    ///
    /// - Throws: `malformedXML`.
    func document<Document: Decodable & Sendable>(
        _ type: Document.Type, root: String, elementsMax: Int,
        bytesMax: Int = S3Limits.documentBytesMax
    ) async throws -> Document {
        let bytes = try await collect(bytesMax: bytesMax)
        return try await pool.runIfActive {
            try S3XML.decode(type, from: bytes, root: root, elementsMax: elementsMax)
        }
    }

    /// The whole of a small payload.
    func collect(bytesMax: Int) async throws -> Data {
        var all = Data()
        _ = try await read(bytesMax: bytesMax) { all += $0 }
        return all
    }

    /// The payload piece by piece. The last piece is held back until everything is known to be
    /// right, so that a server that counts bytes never gets all of a payload that is not.
    struct Reader {
        private let payload: S3Payload
        private let bytesMax: Int
        private var decoder: PayloadDecoder
        private var md5: Insecure.MD5?
        private var sums: [Checksummer]
        private var iterator: RequestBody.AsyncIterator
        private var gathered = Data()
        private var count = 0
        private var isOver = false
        /// Complete after the last piece.
        private(set) var checksums: [ChecksumAlgorithm: String] = [:]

        /// - Throws: `entityTooLarge` when too much is announced.
        init(
            _ payload: S3Payload, computing algorithms: Set<ChecksumAlgorithm> = [], bytesMax: Int
        ) throws(S3Error) {
            self.payload = payload
            self.bytesMax = bytesMax
            decoder = PayloadDecoder(payload.form, decodedCount: payload.length)
            md5 = payload.contentMD5.map { _ in Insecure.MD5() }
            sums = Set(payload.announced.keys).union(payload.awaited).union(algorithms)
                .map { Checksummer($0) }
            iterator = payload.body.makeAsyncIterator()
            if let length = payload.length, length > bytesMax { throw tooLarge }
            payload.onRead?()
        }

        private var tooLarge: S3Error {
            S3Error(
                .entityTooLarge, "Your proposed upload exceeds the maximum allowed size",
                details: ["MaxSizeAllowed": String(bytesMax)])
        }

        mutating func next() async throws(S3Error) -> Data? {
            while !isOver {
                guard let received = try await receive() else {
                    isOver = true
                    checksums = try finish()
                    break
                }
                guard !received.isEmpty else { continue }
                count += received.count
                guard count <= bytesMax else { throw tooLarge }
                md5?.update(data: received)
                for index in sums.indices { sums[index].update(received) }
                if gathered.count >= S3Payload.pieceBytes {
                    defer { gathered = received }
                    return gathered
                }
                gathered += received
            }
            guard !gathered.isEmpty else { return nil }
            defer { gathered = Data() }
            return gathered
        }

        /// The next bytes of the object; empty when only framing came, nil at the end.
        private mutating func receive() async throws(S3Error) -> Data? {
            let buffer: ByteBuffer?
            do {
                buffer = try await iterator.next()
            } catch {
                // The client went away, or what it sent is no HTTP.
                throw S3Error.cutShort
            }
            guard let buffer else { return nil }
            do {
                let pieces = try decoder.decode(Data(buffer.readableBytesView))
                return pieces.count == 1 ? pieces[0] : pieces.reduce(into: Data()) { $0 += $1 }
            } catch {
                throw S3Payload.translated(error)
            }
        }

        private mutating func finish() throws(S3Error) -> [ChecksumAlgorithm: String] {
            let trailers: [(name: String, value: String)]
            do {
                trailers = try decoder.finish()
            } catch {
                throw S3Payload.translated(error)
            }
            return try payload.check(md5, sums, trailers: trailers)
        }
    }

    private static func translated(_ error: PayloadError) -> S3Error {
        switch error.code {
        case .malformed: S3Error(.invalidRequest, error.message)
        case .incomplete: S3Error(.incompleteBody, error.message)
        case .signature: S3Error(.signatureDoesNotMatch, error.message)
        case .hash: S3Error(.contentHashMismatch, error.message)
        }
    }

    static func badChecksum(_ algorithm: ChecksumAlgorithm) -> S3Error {
        S3Error(
            .badDigest,
            "The \(algorithm.rawValue.uppercased()) you specified did not match the calculated "
                + "checksum.")
    }

    private func check(
        _ md5: Insecure.MD5?, _ sums: [Checksummer], trailers: [(name: String, value: String)]
    ) throws(S3Error) -> [ChecksumAlgorithm: String] {
        if let contentMD5, let md5, Data(md5.finalize()) != contentMD5 {
            throw S3Error(
                .badDigest, "The Content-MD5 you specified did not match what we received.")
        }
        var found: [ChecksumAlgorithm: String] = [:]
        for sum in sums {
            let algorithm = sum.algorithm
            let told =
                announced[algorithm]
                ?? trailers.first { $0.name == algorithm.headerName }?.value
            if awaited.contains(algorithm), told == nil {
                throw S3Error(
                    .incompleteBody, "The trailer has no \(algorithm.headerName).")
            }
            guard told == nil || told == sum.base64 else { throw Self.badChecksum(algorithm) }
            found[algorithm] = sum.base64
        }
        return found
    }
}

extension S3Error {
    /// A body that ends before its announced length.
    static let cutShort = S3Error(
        .incompleteBody,
        "You did not provide the number of bytes specified by the Content-Length HTTP header")
}
