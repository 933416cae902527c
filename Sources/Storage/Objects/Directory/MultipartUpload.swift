package import FoundationEssentials

/// What the object of a multipart upload will have beside its bytes.
package struct MultipartDraft: Sendable, Equatable, Codable {
    /// As in `ObjectAttributes`.
    package var headers: [String: String]
    /// As in `ObjectAttributes`.
    package var userMetadata: [String: String]
    /// As it was asked for, for example `CRC64NVME`; nil when no checksum was.
    package var checksumAlgorithm: String?
    /// `FULL_OBJECT` or `COMPOSITE`.
    package var checksumType: String?
    /// As in `ObjectAttributes`.
    package var storageClass: String?
    /// As in `ObjectAttributes`.
    package var tags: [ObjectTag]?

    /// A draft without headers, metadata and checksums by default.
    package init(
        headers: [String: String] = [:], userMetadata: [String: String] = [:],
        checksumAlgorithm: String? = nil, checksumType: String? = nil,
        storageClass: String? = nil, tags: [ObjectTag]? = nil
    ) {
        self.headers = headers
        self.userMetadata = userMetadata
        self.checksumAlgorithm = checksumAlgorithm
        self.checksumType = checksumType
        self.storageClass = storageClass
        self.tags = tags
    }
}

/// A multipart upload that is neither completed nor aborted.
package struct MultipartSummary: Sendable, Equatable {
    /// Key of the object that completing the upload creates or replaces.
    package let key: String
    /// Unique in the bucket; also the name of the upload's folder.
    package let uploadID: String
    /// When the upload was created; lists of one key are in this order.
    package let initiated: Date
    /// What the client gave at the creation; completing the upload copies it to the object.
    package let draft: MultipartDraft
}

/// A part that was uploaded.
package struct PartSummary: Sendable, Equatable {
    /// From 1.
    package let number: Int
    /// In bytes.
    package let size: Int
    /// When the part was last uploaded; uploading its number again replaces it.
    package let modified: Date
    /// Its MD5 in hexadecimal.
    package let etag: String
    /// As in `ObjectAttributes`.
    package let checksums: [String: String]
}

/// A part that a client wants in its object.
package struct PartReference: Sendable, Equatable {
    /// 1 to 10,000, ascending in the list that completes an upload.
    package let number: Int
    /// Without quotes.
    package let etag: String

    /// - Parameter etag: must equal the part's ETag, or completing the upload is refused.
    package init(number: Int, etag: String) {
        self.number = number
        self.etag = etag
    }
}

/// Checksums of a whole object, as in `ObjectAttributes`.
package struct ObjectChecksums: Sendable, Equatable {
    /// By algorithm, like `crc32`; in base64.
    package var values: [String: String]
    /// `FULL_OBJECT` or `COMPOSITE`; nil when the client did not say.
    package var type: String?

    /// Without values nothing is compared.
    package init(values: [String: String] = [:], type: String? = nil) {
        self.values = values
        self.type = type
    }
}
