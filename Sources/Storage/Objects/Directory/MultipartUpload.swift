package import FoundationEssentials

/// What the object of a multipart upload will have beside its bytes.
package struct MultipartDraft: Sendable, Equatable, Codable {
    /// As in `ObjectAttributes`.
    package var headers: [String: String]
    package var userMetadata: [String: String]
    /// As it was asked for, for example `CRC64NVME`; nil when no checksum was.
    package var checksumAlgorithm: String?
    /// `FULL_OBJECT` or `COMPOSITE`.
    package var checksumType: String?

    package init(
        headers: [String: String] = [:], userMetadata: [String: String] = [:],
        checksumAlgorithm: String? = nil, checksumType: String? = nil
    ) {
        self.headers = headers
        self.userMetadata = userMetadata
        self.checksumAlgorithm = checksumAlgorithm
        self.checksumType = checksumType
    }
}

/// A multipart upload that is neither completed nor aborted.
package struct MultipartSummary: Sendable, Equatable {
    package let key: String
    package let uploadID: String
    package let initiated: Date
    package let draft: MultipartDraft
}

/// A part that was uploaded.
package struct PartSummary: Sendable, Equatable {
    /// From 1.
    package let number: Int
    /// In bytes.
    package let size: Int
    package let modified: Date
    /// Its MD5 in hexadecimal.
    package let etag: String
    /// As in `ObjectAttributes`.
    package let checksums: [String: String]
}

/// A part that a client wants in its object.
package struct PartReference: Sendable, Equatable {
    package let number: Int
    /// Without quotes.
    package let etag: String

    package init(number: Int, etag: String) {
        self.number = number
        self.etag = etag
    }
}

/// Checksums of a whole object, as in `ObjectAttributes`.
package struct ObjectChecksums: Sendable, Equatable {
    package var values: [String: String]
    package var type: String?

    package init(values: [String: String] = [:], type: String? = nil) {
        self.values = values
        self.type = type
    }
}
