import Base
import Crypto
package import FoundationEssentials

/// The checksums that S3 keeps with objects.
package enum ChecksumAlgorithm: String, Sendable, CaseIterable {
    case crc32
    case crc32c
    case crc64nvme
    case sha1
    case sha256

    /// Name of the request header or trailer that carries the checksum, in lower case.
    package var headerName: String { "x-amz-checksum-\(rawValue)" }

    /// Length of the checksum before base64: 4 to 32 bytes.
    package var byteCount: Int {
        switch self {
        case .crc32, .crc32c: 4
        case .crc64nvme: 8
        case .sha1: 20
        case .sha256: 32
        }
    }

    /// Whether the checksum of an object of many parts is that of all its bytes when the client
    /// does not say. The others are checksums of the parts' checksums.
    package var isFullObjectByDefault: Bool { self == .crc64nvme }
}

/// A checksum of bytes that come in pieces.
package struct Checksummer: Sendable {
    private enum State: Sendable {
        case crc(CRC, byteCount: Int)
        case sha1(Insecure.SHA1)
        case sha256(SHA256)
    }

    /// Fixed for the life of the value; `digest` has `algorithm.byteCount` bytes.
    package let algorithm: ChecksumAlgorithm
    private var state: State

    /// Begins with no bytes: `digest` is then the checksum of empty data.
    package init(_ algorithm: ChecksumAlgorithm) {
        self.algorithm = algorithm
        switch algorithm {
        case .crc32: state = .crc(CRC(.crc32), byteCount: 4)
        case .crc32c: state = .crc(CRC(.crc32c), byteCount: 4)
        case .crc64nvme: state = .crc(CRC(.crc64nvme), byteCount: 8)
        case .sha1: state = .sha1(Insecure.SHA1())
        case .sha256: state = .sha256(SHA256())
        }
    }

    /// Pieces may have any length; only their order matters.
    package mutating func update(_ bytes: Data) {
        switch state {
        case .crc(var crc, let byteCount):
            crc.update(bytes)
            state = .crc(crc, byteCount: byteCount)
        case .sha1(var hash):
            hash.update(data: bytes)
            state = .sha1(hash)
        case .sha256(var hash):
            hash.update(data: bytes)
            state = .sha256(hash)
        }
    }

    /// Most significant byte first.
    package var digest: Data {
        switch state {
        case .crc(let crc, let byteCount):
            let value = crc.value
            return Data(
                (0..<byteCount).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) })
        case .sha1(let hash): return Data(hash.finalize())
        case .sha256(let hash): return Data(hash.finalize())
        }
    }

    /// The digest as S3's headers and documents carry it.
    package var base64: String { digest.base64EncodedString() }
}
