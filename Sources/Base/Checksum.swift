import Crypto
package import FoundationEssentials

/// Checksums of bytes at hand, in the forms in which documents, names of files and headers have
/// them. `RunningDigest` is for bytes that come in pieces.
package enum Checksum {
    /// Lower-case hexadecimal SHA-256.
    package static func sha256(_ bytes: Data) -> String {
        Hex.encode(SHA256.hash(data: bytes))
    }

    /// Base64 of the raw SHA-256, as Greengrass writes digests.
    package static func sha256Base64(_ bytes: Data) -> String {
        Data(SHA256.hash(data: bytes)).base64EncodedString()
    }

    /// Lower-case hexadecimal MD5, which S3 has as ETag. It proves nothing against an attacker.
    package static func md5(_ bytes: Data) -> String {
        Hex.encode(Insecure.MD5.hash(data: bytes))
    }
}
