// Lists of objects. Members are named as the elements are.

/// An object in a page of ListObjects or ListObjectsV2.
package struct S3Object: Codable, Sendable, Equatable {
    /// Percent-encoded where the list says `EncodingType` url.
    package var Key: String
    /// ISO 8601 with milliseconds, in UTC.
    package var LastModified: String
    /// In quotation marks; MD5 in hex, with `-N` for an object of N parts.
    package var ETag: String
    /// Upper-case names, like CRC32; nil or empty for an object without checksums.
    package var ChecksumAlgorithm: [String]?
    /// `FULL_OBJECT` or `COMPOSITE`.
    package var ChecksumType: String?
    /// Bytes.
    package var Size: Int
    /// As the object was put; STANDARD where its put named none.
    package var StorageClass: String?
    /// Left out by ListObjectsV2 unless `fetch-owner` asks for it.
    package var Owner: S3Owner?

    package init(
        Key: String, LastModified: String, ETag: String, ChecksumAlgorithm: [String]?,
        ChecksumType: String?, Size: Int,
        Owner: S3Owner?, StorageClass: String? = nil
    ) {
        self.Key = Key
        self.LastModified = LastModified
        self.ETag = ETag
        self.ChecksumAlgorithm = ChecksumAlgorithm
        self.ChecksumType = ChecksumType
        self.Size = Size
        self.Owner = Owner
        self.StorageClass = StorageClass ?? "STANDARD"
    }
}

/// Keys that a delimiter folded into one entry of a list.
package struct S3Prefix: Codable, Sendable, Equatable {
    /// Up to and with the delimiter; encoded like keys.
    package var Prefix: String

    package init(Prefix: String) { self.Prefix = Prefix }
}

/// The answer of ListObjects and ListObjectsV2; members of the other version stay nil.
package struct ListBucketResult: Codable, Sendable {
    /// The bucket.
    package var Name: String?
    /// As the request gave it, encoded like keys.
    package var Prefix: String?
    /// As the request gave it, encoded like keys.
    package var Delimiter: String?
    /// ListObjects: the key after which the page begins.
    package var Marker: String?
    /// ListObjects: the marker of the next page; nil on the last.
    package var NextMarker: String?
    /// ListObjectsV2: the key after which the first page begins.
    package var StartAfter: String?
    /// ListObjectsV2: the token of this page.
    package var ContinuationToken: String?
    /// ListObjectsV2: the token of the next page; nil on the last.
    package var NextContinuationToken: String?
    /// ListObjectsV2: entries of `Contents` and `CommonPrefixes` together.
    package var KeyCount: Int?
    /// The bound on entries in force, 0 to 1,000.
    package var MaxKeys: Int?
    /// `url` when keys are percent-encoded; nil when they are not.
    package var EncodingType: String?
    /// Whether there is a next page.
    package var IsTruncated: Bool?
    /// In the order of keys by bytes.
    package var Contents: [S3Object]?
    /// In the order of their bytes.
    package var CommonPrefixes: [S3Prefix]?

    package init() {}
}

/// The answer of ListObjectVersions: each object as its only version, `null`, as a bucket of
/// Amazon's without versioning has it.
package struct ListVersionsResult: Codable, Sendable {
    /// An object.
    package struct Entry: Codable, Sendable {
        /// Percent-encoded where the list says `EncodingType` url.
        package var Key: String
        /// `null`.
        package var VersionId = "null"
        /// There is no other one.
        package var IsLatest = true
        /// ISO 8601 with milliseconds, in UTC.
        package var LastModified: String
        /// In quotation marks.
        package var ETag: String
        /// Bytes.
        package var Size: Int
        /// As in `S3Object`.
        package var StorageClass: String
        /// As in `S3Object`.
        package var ChecksumAlgorithm: [String]?
        /// As in `S3Object`.
        package var ChecksumType: String?
        package var Owner: S3Owner

        /// - Parameter object: its entry in a list of objects.
        package init(_ object: S3Object, owner: S3Owner) {
            Key = object.Key
            LastModified = object.LastModified
            ETag = object.ETag
            Size = object.Size
            StorageClass = object.StorageClass ?? "STANDARD"
            ChecksumAlgorithm = object.ChecksumAlgorithm
            ChecksumType = object.ChecksumType
            Owner = owner
        }
    }
    /// The bucket.
    package var Name: String?
    /// As the request gave it, encoded like keys.
    package var Prefix: String?
    /// As the request gave it, encoded like keys.
    package var Delimiter: String?
    /// The page begins after this key.
    package var KeyMarker: String?
    /// As the request gave it; the page goes on after the key, which has no other version.
    package var VersionIdMarker: String?
    /// `KeyMarker` of the next page; nil on the last.
    package var NextKeyMarker: String?
    /// `VersionIdMarker` of the next page; nil on the last.
    package var NextVersionIdMarker: String?
    /// The bound on entries in force, 0 to 1,000.
    package var MaxKeys: Int?
    /// `url` when keys are percent-encoded; nil when they are not.
    package var EncodingType: String?
    /// Whether there is a next page.
    package var IsTruncated: Bool?
    /// In the order of keys by bytes.
    package var Version: [Entry]?
    /// In the order of their bytes.
    package var CommonPrefixes: [S3Prefix]?

    package init() {}
}
