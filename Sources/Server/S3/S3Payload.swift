import Access
import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Wire

/// The body of a request to S3: read once, in pieces, and checked while it passes.
struct S3Payload: Sendable {
    /// Bytes of the object; nil when the request does not say.
    let length: Int?
    private let body: RequestBody
    private let form: PayloadDecoder.Form
    private let contentMD5: Data?
    /// What the request's headers say that checksums are.
    private let announced: [ChecksumAlgorithm: String]
    /// Checksums that are told after the payload, or are to be computed.
    private let awaited: Set<ChecksumAlgorithm>

    /// Pieces are gathered up to this many bytes, so that few calls cross to the disk's threads.
    private static let pieceBytes = 1 << 20

    /// - Parameter hash: `X-Amz-Content-SHA256`, or UNSIGNED-PAYLOAD where none is needed.
    init(_ request: Request, hash: String, signer: ChunkSigner?) throws(S3Error) {
        body = request.body
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
        if case .chunked = form { length = decoded } else { length = sent }
        contentMD5 = try Self.contentMD5(request.headers)
        (announced, awaited) = try Self.checksums(request.headers)
    }

    private static func contentMD5(_ headers: HTTPFields) throws(S3Error) -> Data? {
        guard let text = headers[HeaderName.name("content-md5")] else { return nil }
        guard let digest = Data(base64Encoded: text), digest.count == 16 else {
            throw S3Error(.invalidDigest, "The Content-MD5 you specified is not valid.")
        }
        return digest
    }

    private static func checksums(_ headers: HTTPFields) throws(S3Error) -> (
        [ChecksumAlgorithm: String], Set<ChecksumAlgorithm>
    ) {
        var announced: [ChecksumAlgorithm: String] = [:]
        var awaited: Set<ChecksumAlgorithm> = []
        let trailer = headers[S3Header.trailer]?.lowercased() ?? ""
        for algorithm in ChecksumAlgorithm.allCases {
            if let text = headers[HeaderName.name(algorithm.headerName)] {
                guard Data(base64Encoded: text)?.count == algorithm.byteCount else {
                    throw S3Error(
                        .invalidRequest, "Value for \(algorithm.headerName) header is invalid.")
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
        let tooLarge = S3Error(
            .entityTooLarge, "Your proposed upload exceeds the maximum allowed size",
            details: ["MaxSizeAllowed": String(bytesMax)])
        if let length, length > bytesMax { throw tooLarge }
        var decoder = PayloadDecoder(form, decodedCount: length)
        var sums = Sums(
            md5: contentMD5.map { _ in Insecure.MD5() },
            checksums: Set(announced.keys).union(awaited).union(algorithms).map { Checksummer($0) })
        var (gathered, count) = (Data(), 0)
        var iterator = body.makeAsyncIterator()
        while let buffer = try await Self.next(&iterator) {
            let received = Data(buffer.readableBytesView)
            for bytes in try Self.decode(&decoder, received) {
                count += bytes.count
                guard count <= bytesMax else { throw tooLarge }
                gathered += bytes
            }
            if gathered.count >= Self.pieceBytes {
                sums.update(gathered)
                try await piece(gathered)
                gathered = Data()
            }
        }
        if !gathered.isEmpty {
            sums.update(gathered)
            try await piece(gathered)
        }
        do {
            return try check(sums, decoder.finish())
        } catch let error as PayloadError {
            throw Self.translated(error)
        }
    }

    /// The whole of a small payload.
    func collect(bytesMax: Int) async throws -> Data {
        var all = Data()
        _ = try await read(bytesMax: bytesMax) { all += $0 }
        return all
    }

    private struct Sums {
        var md5: Insecure.MD5?
        var checksums: [Checksummer]

        mutating func update(_ bytes: Data) {
            md5?.update(data: bytes)
            for index in checksums.indices { checksums[index].update(bytes) }
        }
    }

    private static func next(_ iterator: inout RequestBody.AsyncIterator) async throws(S3Error)
        -> ByteBuffer?
    {
        do {
            return try await iterator.next()
        } catch {
            // The client went away, or what it sent is no HTTP.
            throw S3Error(
                .incompleteBody,
                "You did not provide the number of bytes specified by the Content-Length HTTP "
                    + "header")
        }
    }

    private static func decode(
        _ decoder: inout PayloadDecoder, _ bytes: Data
    ) throws(S3Error) -> [Data] {
        do {
            return try decoder.decode(bytes)
        } catch {
            throw translated(error)
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

    private func check(
        _ sums: Sums, _ trailers: [(name: String, value: String)]
    ) throws(S3Error) -> [ChecksumAlgorithm: String] {
        if let contentMD5, let md5 = sums.md5, Data(md5.finalize()) != contentMD5 {
            throw S3Error(
                .badDigest, "The Content-MD5 you specified did not match what we received.")
        }
        var found: [ChecksumAlgorithm: String] = [:]
        for sum in sums.checksums {
            let algorithm = sum.algorithm
            let told =
                announced[algorithm]
                ?? trailers.first { $0.name == algorithm.headerName }?.value
            if awaited.contains(algorithm), told == nil {
                throw S3Error(
                    .incompleteBody, "The trailer has no \(algorithm.headerName).")
            }
            guard told == nil || told == sum.base64 else {
                throw S3Error(
                    .badDigest,
                    "The \(algorithm.rawValue.uppercased()) you specified did not match the "
                        + "calculated checksum.")
            }
            found[algorithm] = sum.base64
        }
        return found
    }
}
