// Documents about multipart uploads. Members are named as the elements are.

/// The answer of CreateMultipartUpload.
package struct InitiateMultipartUploadResult: Codable, Sendable {
    /// As the request named it.
    package var Bucket: String
    /// As the request named it.
    package var Key: String
    /// Names the upload in all its requests, together with bucket and key.
    package var UploadId: String

    package init(Bucket: String, Key: String, UploadId: String) {
        self.Bucket = Bucket
        self.Key = Key
        self.UploadId = UploadId
    }
}

/// The body of CompleteMultipartUpload: which parts make the object.
package struct CompleteMultipartUpload: Codable, Sendable {
    /// In ascending order of their numbers; at least one.
    package struct Part: Codable, Sendable {
        /// 1 to 10,000.
        package var PartNumber: Int
        /// As UploadPart answered it, with or without quotation marks.
        package var ETag: String
        /// Base64, like the checksums below; nil where the client does not check.
        package var ChecksumCRC32: String?
        /// Castagnoli's polynomial.
        package var ChecksumCRC32C: String?
        /// The 64-bit CRC of NVMe.
        package var ChecksumCRC64NVME: String?
        /// 20 bytes.
        package var ChecksumSHA1: String?
        /// 32 bytes.
        package var ChecksumSHA256: String?

        package init(PartNumber: Int, ETag: String) {
            self.PartNumber = PartNumber
            self.ETag = ETag
        }
    }
    /// In ascending order of their numbers; at least one.
    package var Part: [Part]

    package init(Part: [Part]) { self.Part = Part }
}

/// The answer of CompleteMultipartUpload; a checksum is there when the upload was begun with its
/// algorithm.
package struct CompleteMultipartUploadResult: Codable, Sendable {
    /// Path of the object.
    package var Location: String?
    /// As the request named it.
    package var Bucket: String?
    /// As the request named it.
    package var Key: String?
    /// In quotation marks; ends in `-N` for N parts.
    package var ETag: String?
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
    /// `FULL_OBJECT` for a checksum of all bytes, `COMPOSITE` for one of the parts' checksums.
    package var ChecksumType: String?

    package init() {}
}

/// A part in a page of ListParts.
package struct S3Part: Codable, Sendable {
    /// 1 to 10,000.
    package var PartNumber: Int
    /// ISO 8601 with milliseconds, in UTC.
    package var LastModified: String
    /// In quotation marks.
    package var ETag: String
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

    package init(PartNumber: Int, LastModified: String, ETag: String, Size: Int) {
        self.PartNumber = PartNumber
        self.LastModified = LastModified
        self.ETag = ETag
        self.Size = Size
    }
}

/// The answer of ListParts, in the order of part numbers.
package struct ListPartsResult: Codable, Sendable {
    /// As the request named it.
    package var Bucket: String?
    /// As the request named it.
    package var Key: String?
    /// As the request named it.
    package var UploadId: String?
    /// Owner of the object to be.
    package var Owner: S3Owner?
    /// Who began the upload; always the owner here.
    package var Initiator: S3Owner?
    /// Of the object to be.
    package var StorageClass: String?
    /// Upper-case name, like CRC32; nil for an upload without checksums.
    package var ChecksumAlgorithm: String?
    /// `FULL_OBJECT` or `COMPOSITE`.
    package var ChecksumType: String?
    /// The page begins after this part.
    package var PartNumberMarker: Int?
    /// The last part of this page.
    package var NextPartNumberMarker: Int?
    /// The bound on parts in force, 0 to 1,000.
    package var MaxParts: Int?
    /// Whether there is a next page.
    package var IsTruncated: Bool?
    /// Those that have arrived whole.
    package var Part: [S3Part]?

    package init() {}
}

/// An upload in a page of ListMultipartUploads.
package struct S3Upload: Codable, Sendable {
    /// Percent-encoded where the list says `EncodingType` url.
    package var Key: String
    /// Names the upload in all its requests, together with bucket and key.
    package var UploadId: String
    /// ISO 8601 with milliseconds, in UTC.
    package var Initiated: String
    /// Of the object to be.
    package var StorageClass: String?
    /// Owner of the object to be.
    package var Owner: S3Owner
    /// Who began the upload; always the owner here.
    package var Initiator: S3Owner

    package init(
        Key: String, UploadId: String, Initiated: String, StorageClass: String?, owner: S3Owner
    ) {
        Owner = owner
        Initiator = owner
        self.Key = Key
        self.UploadId = UploadId
        self.Initiated = Initiated
        self.StorageClass = StorageClass ?? "STANDARD"
    }
}

/// The answer of ListMultipartUploads, in the order of keys by bytes.
package struct ListMultipartUploadsResult: Codable, Sendable {
    /// As the request named it.
    package var Bucket: String?
    /// The page begins after this key; of the same key, after `UploadIdMarker`.
    package var KeyMarker: String?
    /// As the request gave it.
    package var UploadIdMarker: String?
    /// `KeyMarker` of the next page; nil on the last.
    package var NextKeyMarker: String?
    /// `UploadIdMarker` of the next page; nil on the last.
    package var NextUploadIdMarker: String?
    /// Of the keys in the list; encoded like them.
    package var Prefix: String?
    /// Never there: such a list is refused.
    package var Delimiter: String?
    /// `url` when keys are percent-encoded; nil when they are not.
    package var EncodingType: String?
    /// The bound on uploads in force, 1 to 1,000.
    package var MaxUploads: Int?
    /// Whether there is a next page.
    package var IsTruncated: Bool?
    /// Begun and neither completed nor aborted.
    package var Upload: [S3Upload]?
    /// Never there, since no delimiter is taken.
    package var CommonPrefixes: [S3Prefix]?

    package init() {}
}
