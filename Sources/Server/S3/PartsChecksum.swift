import Access
import FoundationEssentials
import Storage
import Synchronization
import WireAWS

/// The checksum of an object that is joined of parts: of all bytes, or of the parts' checksums.
final class PartsChecksum: Sendable {
    private let algorithm: ChecksumAlgorithm?
    private let isFullObject: Bool
    /// The parts as the request lists them, with the checksums that it expects of them.
    private let document: CompleteMultipartUpload
    /// The object's checksum as the request states it, in base64.
    private let expected: String?
    private let sizeExpected: Int?
    private let state: Mutex<(sum: Checksummer?, size: Int)>

    init(
        _ draft: MultipartDraft?, _ document: CompleteMultipartUpload, _ request: S3Request
    ) throws(S3Error) {
        let algorithm = draft?.checksumAlgorithm.flatMap(ChecksumAlgorithm.init)
        self.algorithm = algorithm
        isFullObject = draft?.checksumType == "FULL_OBJECT"
        self.document = document
        expected = algorithm.flatMap { request.header($0.headerName) }
        if let algorithm, let expected {
            let digest = Data(base64Encoded: String(expected.prefix { $0 != "-" }))
            guard digest?.count == algorithm.byteCount else {
                throw S3Error(
                    .badDigest, "Value for \(algorithm.headerName) header is invalid.")
            }
        }
        sizeExpected = request.header("x-amz-mp-object-size").flatMap { Int($0) }
        state = Mutex((isFullObject ? algorithm.map { Checksummer($0) } : nil, 0))
    }

    /// Takes the next bytes of the object, in order.
    func update(_ bytes: Data) {
        state.withLock { state in
            state.sum?.update(bytes)
            state.size += bytes.count
        }
    }

    /// What is kept with the object, once all of its bytes have passed.
    ///
    /// - Parameter parts: those of the store, in the order of the request.
    /// - Throws: `invalidRequest` for another size than the request states, `invalidPart` for
    ///   another checksum of a part, `badDigest` for another one of the object.
    func checksums(_ parts: [PartSummary]) throws -> ObjectChecksums {
        let (sum, size) = state.withLock { $0 }
        if let sizeExpected, sizeExpected != size {
            throw S3Error(
                .invalidRequest,
                "The provided 'x-amz-mp-object-size' header value \(sizeExpected) does not match "
                    + "what was computed: \(size)")
        }
        guard let algorithm else { return ObjectChecksums() }
        for (part, reference) in zip(parts, document.Part) {
            // Those that the request leaves out were checked when the parts came.
            guard let text = reference.checksum(algorithm) else { continue }
            guard part.checksums[algorithm.rawValue] == text else {
                throw S3Error(
                    .invalidPart,
                    "The checksum of part \(part.number) is not the one that it was uploaded with.",
                    details: ["PartNumber": String(part.number)])
            }
        }
        let value: String
        if let sum {
            value = sum.base64
        } else {
            var composite = Checksummer(algorithm)
            for part in parts {
                composite.update(
                    part.checksums[algorithm.rawValue].flatMap { Data(base64Encoded: $0) } ?? Data()
                )
            }
            value = "\(composite.base64)-\(parts.count)"
        }
        if let expected, expected != value, "\(expected)-\(parts.count)" != value {
            throw S3Error(
                .badDigest, "The \(algorithm.rawValue.uppercased()) you specified did not match.")
        }
        return ObjectChecksums(
            values: [algorithm.rawValue: value], type: isFullObject ? "FULL_OBJECT" : "COMPOSITE")
    }
}

extension CompleteMultipartUpload.Part {
    fileprivate func checksum(_ algorithm: ChecksumAlgorithm) -> String? {
        switch algorithm {
        case .crc32: ChecksumCRC32
        case .crc32c: ChecksumCRC32C
        case .crc64nvme: ChecksumCRC64NVME
        case .sha1: ChecksumSHA1
        case .sha256: ChecksumSHA256
        }
    }
}
