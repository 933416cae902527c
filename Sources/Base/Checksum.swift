import Crypto
package import FoundationEssentials

package enum Checksum {
    /// Lower-case hexadecimal SHA-256.
    package static func sha256(_ bytes: Data) -> String {
        let digits = Array("0123456789abcdef")
        return String(
            SHA256.hash(data: bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    /// Base64 of the raw SHA-256, as Greengrass writes digests.
    package static func sha256Base64(_ bytes: Data) -> String {
        Data(SHA256.hash(data: bytes)).base64EncodedString()
    }
}
