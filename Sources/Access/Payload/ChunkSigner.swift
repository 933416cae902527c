import Base
import Crypto
import FoundationEssentials

/// The chain of signatures over the pieces of an `aws-chunked` payload, as AWS publishes it in
/// "Signature calculations for the Authorization header: transferring a payload in multiple
/// chunks".
package struct ChunkSigner: Sendable {
    private static let emptyHash = Checksum.sha256(Data())

    private let key: SymmetricKey
    private let scope: SigningScope
    private let time: String
    /// Hex of the signature before.
    private var previous: String

    /// - Parameter seed: the request's own signature in hex.
    init(key: SymmetricKey, scope: SigningScope, time: String, seed: String) {
        self.key = key
        self.scope = scope
        self.time = time
        previous = seed
    }

    /// - Returns: whether `signature` is that of the chunk with this SHA-256, compared in constant
    ///   time; the next one is then signed over it.
    mutating func accepts(_ signature: String, chunkHash: String) -> Bool {
        accepts(
            signature, "AWS4-HMAC-SHA256-PAYLOAD", [Self.emptyHash, chunkHash])
    }

    /// - Parameter trailerHash: SHA-256 of the trailing headers, each `name:value` and a line feed.
    mutating func acceptsTrailer(_ signature: String, trailerHash: String) -> Bool {
        accepts(signature, "AWS4-HMAC-SHA256-TRAILER", [trailerHash])
    }

    private mutating func accepts(_ signature: String, _ kind: String, _ hashes: [String]) -> Bool {
        let text = ([kind, time, scope.text, previous] + hashes).joined(separator: "\n")
        let expected = HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key)
        previous = Hex.encode(expected)
        guard let bytes = Hex.decode(signature) else { return false }
        return expected == bytes
    }
}
