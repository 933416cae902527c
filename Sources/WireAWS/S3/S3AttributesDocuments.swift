// Documents of GetObjectAttributes. Members are named as the elements are.

/// The answer of GetObjectAttributes; members that were not asked for are nil.
package struct GetObjectAttributesResult: Codable, Sendable {
    /// Checksums of the whole object.
    package struct Checksums: Codable, Sendable {
        /// Base64, with `-N` for a checksum of N checksums, like the ones below.
        package var ChecksumCRC32: String?
        /// Castagnoli's polynomial.
        package var ChecksumCRC32C: String?
        /// The 64-bit CRC of NVMe.
        package var ChecksumCRC64NVME: String?
        /// 20 bytes.
        package var ChecksumSHA1: String?
        /// 32 bytes.
        package var ChecksumSHA256: String?
        /// `FULL_OBJECT` or `COMPOSITE`.
        package var ChecksumType: String?

        package init() {}
    }
    /// A part of an object that was made from parts.
    package struct Part: Codable, Sendable {
        /// 1 to 10,000.
        package var PartNumber: Int
        /// Bytes.
        package var Size: Int
        /// Base64, like the checksums below; nil for a part without.
        package var ChecksumCRC32: String?
        /// Castagnoli's polynomial.
        package var ChecksumCRC32C: String?
        /// The 64-bit CRC of NVMe.
        package var ChecksumCRC64NVME: String?
        /// 20 bytes.
        package var ChecksumSHA1: String?
        /// 32 bytes.
        package var ChecksumSHA256: String?

        package init(PartNumber: Int, Size: Int) {
            self.PartNumber = PartNumber
            self.Size = Size
        }
    }
    /// A page of parts.
    package struct Parts: Codable, Sendable {
        /// How many parts the object has; the element is called so by Amazon.
        package var PartsCount: Int
        /// The page begins after this part.
        package var PartNumberMarker: Int
        /// The last part of this page.
        package var NextPartNumberMarker: Int
        /// The bound on parts in force, 0 to 1,000.
        package var MaxParts: Int
        /// Whether there is a next page.
        package var IsTruncated: Bool
        /// In the order of their numbers.
        package var Part: [GetObjectAttributesResult.Part]

        package init(
            PartsCount: Int, PartNumberMarker: Int, NextPartNumberMarker: Int, MaxParts: Int,
            IsTruncated: Bool, Part: [GetObjectAttributesResult.Part]
        ) {
            self.PartsCount = PartsCount
            self.PartNumberMarker = PartNumberMarker
            self.NextPartNumberMarker = NextPartNumberMarker
            self.MaxParts = MaxParts
            self.IsTruncated = IsTruncated
            self.Part = Part
        }
    }
    /// Without quotation marks, unlike everywhere else.
    package var ETag: String?
    /// Nil for an object without checksums.
    package var Checksum: Checksums?
    /// Nil for an object that came in one piece.
    package var ObjectParts: Parts?
    /// As in `S3Object`.
    package var StorageClass: String?
    /// Bytes.
    package var ObjectSize: Int?

    package init() {}
}
