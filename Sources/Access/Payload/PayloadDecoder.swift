import Base
import Crypto
package import FoundationEssentials

/// Why a payload was not accepted.
package struct PayloadError: Error, Sendable, Equatable, CustomStringConvertible {
    /// S3's endpoint translates these into S3's error names.
    package enum Code: Sendable {
        /// The framing is broken, or a bound of it was passed.
        case malformed
        /// It ended too early, or is longer than it said.
        case incomplete
        /// A chunk's signature is wrong.
        case signature
        /// SHA-256 is not what the request's signature covers.
        case hash
    }

    /// Decides the HTTP status and the error name that the client receives.
    package let code: Code
    /// For the client: contains neither the expected signature nor the payload's bytes.
    package let message: String

    /// - Parameter message: A whole sentence that may be sent to the client.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message alone, as logs show it.
    package var description: String { message }
}

/// Takes a payload apart as its bytes arrive: checks hashes and signatures, and hands out the bytes
/// that belong to the object.
///
/// A state machine without I/O. Every error is the sender's; after one the decoder is of no use.
/// Bytes are handed out before the signature that covers them is known, so that nothing waits in
/// memory: a caller that stores them must throw them away unless `finish` returns.
package struct PayloadDecoder: Sendable {
    /// How a payload comes, by what `X-Amz-Content-SHA256` says.
    package enum Form: Sendable {
        /// As it is; the SHA-256 in hex is checked if there is one.
        case plain(sha256: String?)
        /// In `aws-chunked` frames, each signed where there is a signer.
        case chunked(ChunkSigner?, hasTrailer: Bool)
    }

    /// Of a line between frames; a chunk's is about 90 bytes, trailers are a few hundred.
    private static let lineBytesMax = 4096
    private static let trailersMax = 16

    private enum Expected: Sendable {
        case bytes
        case chunkHeader
        case chunk(rest: Int, signature: String)
        case chunkEnd(signature: String)
        case trailer
        case nothing
    }

    private let decodedCount: Int?
    private var signer: ChunkSigner?
    private let isSigned: Bool
    private let hasTrailer: Bool
    private let expectedHash: String?
    private var hash = SHA256()
    private var count = 0
    private var line = Data()
    private var expected: Expected
    private var signedTrailer = Data()
    private var trailers: [(name: String, value: String)] = []
    private var trailerSignature: String?

    /// - Parameter decodedCount: bytes of the object as the request announces them.
    package init(_ form: Form, decodedCount: Int?) {
        self.decodedCount = decodedCount
        switch form {
        case .plain(let sha256):
            (signer, isSigned, hasTrailer, expectedHash) = (nil, false, false, sha256)
            expected = .bytes
        case .chunked(let signer, let hasTrailer):
            self.signer = signer
            isSigned = signer != nil
            self.hasTrailer = hasTrailer
            expectedHash = nil
            expected = .chunkHeader
        }
    }

    /// - Parameter bytes: the next ones of the body.
    /// - Returns: pieces of the object in order, not empty ones.
    package mutating func decode(_ bytes: Data) throws(PayloadError) -> [Data] {
        var (rest, out) = (bytes, [Data]())
        while !rest.isEmpty {
            switch expected {
            case .bytes:
                if expectedHash != nil { hash.update(data: rest) }
                try take(rest, into: &out)
                return out
            case .chunk(let wanted, let signature):
                let piece = rest.prefix(wanted)
                rest = rest.dropFirst(piece.count)
                if isSigned { hash.update(data: piece) }
                try take(piece, into: &out)
                expected =
                    piece.count == wanted
                    ? .chunkEnd(signature: signature)
                    : .chunk(rest: wanted - piece.count, signature: signature)
            case .chunkHeader, .chunkEnd, .trailer:
                if let line = try nextLine(&rest) { try read(line) }
            case .nothing:
                throw PayloadError(.malformed, "There are bytes after the last chunk.")
            }
        }
        return out
    }

    private mutating func take(_ bytes: Data, into out: inout [Data]) throws(PayloadError) {
        count += bytes.count
        if let decodedCount, count > decodedCount {
            throw PayloadError(
                .incomplete, "The payload has more than the \(decodedCount) bytes announced.")
        }
        if !bytes.isEmpty { out.append(bytes) }
    }

    /// A line without its end; nil while that has not come.
    private mutating func nextLine(_ rest: inout Data) throws(PayloadError) -> Data? {
        let end = rest.firstIndex(of: UInt8(ascii: "\n"))
        line += rest[rest.startIndex..<(end ?? rest.endIndex)]
        rest = end.map { rest[rest.index(after: $0)...] } ?? Data()
        guard line.count <= Self.lineBytesMax else {
            throw PayloadError(
                .malformed, "A line between chunks has more than \(Self.lineBytesMax) bytes.")
        }
        guard end != nil else { return nil }
        defer { line = Data() }
        return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }

    private mutating func read(_ line: Data) throws(PayloadError) {
        let text = String(decoding: line, as: UTF8.self)
        switch expected {
        case .chunkHeader: try readChunkHeader(text)
        case .chunkEnd(let signature):
            guard text.isEmpty else {
                throw PayloadError(.malformed, "A chunk is longer than its size says.")
            }
            try checkChunk(signature)
            expected = .chunkHeader
        case .trailer: try readTrailer(text)
        case .bytes, .chunk, .nothing: break
        }
    }

    /// `HEXSIZE` or `HEXSIZE;chunk-signature=HEX`.
    private mutating func readChunkHeader(_ text: String) throws(PayloadError) {
        let fields = text.split(separator: ";", omittingEmptySubsequences: false)
        guard let digits = fields.first, (1...15).contains(digits.count),
            digits.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
            let size = Int(digits, radix: 16)
        else {
            throw PayloadError(.malformed, "A chunk must begin with its size in hexadecimal.")
        }
        let name = "chunk-signature="
        let signature = fields.dropFirst().first { $0.hasPrefix(name) }
            .map { String($0.dropFirst(name.count)) }
        guard !isSigned || signature != nil else {
            throw PayloadError(.malformed, "A chunk has no chunk-signature.")
        }
        if size > 0 {
            expected = .chunk(rest: size, signature: signature ?? "")
        } else {
            try checkChunk(signature ?? "")
            expected = .trailer
        }
    }

    private mutating func checkChunk(_ signature: String) throws(PayloadError) {
        guard isSigned else { return }
        let digest = Hex.encode(hash.finalize())
        hash = SHA256()
        guard signer?.accepts(signature, chunkHash: digest) == true else {
            throw PayloadError(.signature, "The signature of a chunk does not match.")
        }
    }

    /// Trailing headers up to an empty line.
    private mutating func readTrailer(_ text: String) throws(PayloadError) {
        if text.isEmpty {
            // A signed trailer's signature may stand after an empty line.
            if trailerSignature == nil, isSigned, hasTrailer { return }
            expected = .nothing
            return
        }
        let sides = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard hasTrailer, sides.count == 2, trailers.count < Self.trailersMax else {
            throw PayloadError(
                .malformed, "After the last chunk stands no header: '\(text.prefix(80))'.")
        }
        let name = sides[0].lowercased()
        let value = String(sides[1].drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        guard !trailers.contains(where: { $0.name == name }) else {
            throw PayloadError(.malformed, "The trailer has \(name.prefix(80)) twice.")
        }
        if name == "x-amz-trailer-signature" {
            trailerSignature = value
        } else {
            trailers.append((name, value))
            signedTrailer += Data("\(name):\(value)\n".utf8)
        }
    }

    /// - Returns: the trailing headers, names in lower case.
    package mutating func finish() throws(PayloadError) -> [(name: String, value: String)] {
        switch expected {
        case .bytes, .nothing: break
        case .trailer where line.isEmpty && (!isSigned || !hasTrailer || trailerSignature != nil):
            // Some clients leave the last empty line out.
            break
        case .chunkHeader, .chunk, .chunkEnd, .trailer:
            throw PayloadError(.incomplete, "The payload ended within its chunks.")
        }
        if let decodedCount, count != decodedCount {
            throw PayloadError(
                .incomplete, "The payload has \(count) bytes; \(decodedCount) were announced.")
        }
        if let expectedHash, Hex.encode(hash.finalize()) != expectedHash.lowercased() {
            throw PayloadError(
                .hash,
                "The provided 'x-amz-content-sha256' header does not match what was computed.")
        }
        if isSigned, hasTrailer {
            let digest = Checksum.sha256(signedTrailer)
            guard signer?.acceptsTrailer(trailerSignature ?? "", trailerHash: digest) == true else {
                throw PayloadError(.signature, "The signature of the trailer does not match.")
            }
        }
        return trailers
    }
}
