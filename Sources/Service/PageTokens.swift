import Base
import Crypto
package import FoundationEssentials
package import Wire

/// Opaque tokens for the next page of a list. A token is good for the list it came from only, and
/// a forged one is told from a real one by its authentication code.
package struct PageTokens: Sendable {
    private static let codeBytes = 16

    private let key: SymmetricKey

    /// - Parameter key: 32 secret bytes that every server of an installation shares.
    package init(key: Data) { self.key = SymmetricKey(data: key) }

    /// - Parameters:
    ///   - position: where the next page begins.
    ///   - list: names the list with its filters.
    package func token(_ position: String, list: String) -> String {
        var bytes = Data(code(position, list))
        bytes.append(Data(position.utf8))
        return bytes.base64EncodedString()
    }

    /// - Throws: `validation` for a token that this list did not hand out.
    package func position(_ token: String, list: String) throws(WireError) -> String {
        guard let bytes = Data(base64Encoded: token), bytes.count > Self.codeBytes,
            let position = String(bytes: bytes.dropFirst(Self.codeBytes), encoding: .utf8),
            HMAC<SHA256>.isValidAuthenticationCode(
                fullCode(of: bytes, position, list), authenticating: message(position, list),
                using: key)
        else {
            throw .validation(
                "NextToken is not one that this list returned. Leave it out to begin again.")
        }
        return position
    }

    /// A secret of the same installation for another purpose, in hexadecimal; from it nobody learns
    /// the key.
    package func secret(for purpose: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Data(purpose.utf8), using: key)
        return Hex.encode(code)
    }

    private func message(_ position: String, _ list: String) -> Data {
        Data("\(list)\n\(position)".utf8)
    }

    private func code(_ position: String, _ list: String) -> Data {
        Data(HMAC<SHA256>.authenticationCode(for: message(position, list), using: key))
            .prefix(Self.codeBytes)
    }

    /// The token's half of the code with our other half, so that the library compares in constant
    /// time.
    private func fullCode(of bytes: Data, _ position: String, _ list: String) -> Data {
        let own = Data(HMAC<SHA256>.authenticationCode(for: message(position, list), using: key))
        return bytes.prefix(Self.codeBytes) + own.dropFirst(Self.codeBytes)
    }
}
