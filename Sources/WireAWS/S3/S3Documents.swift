// Documents of S3. Members are named as the elements are.

/// The account that owns buckets and uploads; the same for all of a server.
package struct S3Owner: Codable, Sendable, Equatable {
    /// Account ID of 12 digits.
    package var ID: String
    /// A name for people; nothing is looked up by it.
    package var DisplayName: String

    package init(ID: String, DisplayName: String) {
        self.ID = ID
        self.DisplayName = DisplayName
    }
}

/// A bucket in the answer of ListBuckets.
package struct S3Bucket: Codable, Sendable, Equatable {
    /// 3 to 63 characters.
    package var Name: String
    /// ISO 8601 with milliseconds, in UTC.
    package var CreationDate: String

    package init(Name: String, CreationDate: String) {
        self.Name = Name
        self.CreationDate = CreationDate
    }
}

/// The answer of ListBuckets.
package struct ListAllMyBucketsResult: Codable, Sendable {
    /// The element around the buckets.
    package struct List: Codable, Sendable {
        /// In the order of names; none for a server without buckets.
        package var Bucket: [S3Bucket]
    }
    /// Owner of every bucket in the list.
    package var Owner: S3Owner
    package var Buckets: List
    /// As the request gave it.
    package var Prefix: String?
    /// The token of the next page; nil on the last.
    package var ContinuationToken: String?

    package init(Owner: S3Owner, buckets: [S3Bucket]) {
        self.Owner = Owner
        Buckets = List(Bucket: buckets)
    }
}

/// An error of another S3 as it arrives; Spotter's own are written by `S3Endpoint`.
package struct S3ErrorDocument: Codable, Sendable {
    /// One of S3's names, like NoSuchKey.
    package var Code: String
    /// For people; some servers leave it out.
    package var Message: String?
    /// Path of the request.
    package var Resource: String?
    /// Names the request in the log of the server that answered.
    package var RequestId: String?
    /// The right region, for a request that was signed for another.
    package var Region: String?
    /// The bucket that the error is about.
    package var BucketName: String?
    /// The key that the error is about.
    package var Key: String?

    package init(Code: String, Message: String?) {
        self.Code = Code
        self.Message = Message
    }
}

/// The body of CreateBucket, which may be left out.
package struct CreateBucketConfiguration: Codable, Sendable {
    /// The wanted region; nil for the server's own.
    package var LocationConstraint: String?

    package init(LocationConstraint: String?) { self.LocationConstraint = LocationConstraint }
}

/// The answer of CopyObject and UploadPartCopy.
package struct CopyResult: Codable, Sendable {
    /// In quotation marks.
    package var ETag: String
    /// ISO 8601 with milliseconds, in UTC.
    package var LastModified: String
    /// Base64, like the ones below; nil for a copy without.
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

    package init(ETag: String, LastModified: String) {
        self.ETag = ETag
        self.LastModified = LastModified
    }
}

/// The answer to a browser's form that asks for 201.
package struct PostResponse: Codable, Sendable {
    /// Path of the object, percent-encoded.
    package var Location: String
    /// As the request named it.
    package var Bucket: String
    /// With the file's name put in.
    package var Key: String
    /// In quotation marks.
    package var ETag: String

    package init(Location: String, Bucket: String, Key: String, ETag: String) {
        self.Location = Location
        self.Bucket = Bucket
        self.Key = Key
        self.ETag = ETag
    }
}

/// The body of DeleteObjects; 1 to 1,000 objects.
package struct DeleteObjectsDocument: Codable, Sendable {
    /// In the order in which they are deleted.
    package struct Object: Codable, Sendable {
        /// Not encoded.
        package var Key: String
        /// `null` or nil; there are no other versions.
        package var VersionId: String?
        /// The object is deleted only if it still has this one.
        package var ETag: String?
        /// The object is deleted only if it still has this time.
        package var LastModifiedTime: String?
        /// The object is deleted only if it still has so many bytes.
        package var Size: Int?
    }
    /// In the order in which they are deleted.
    package var Object: [Object]
    /// Whether the answer lists failures only.
    package var Quiet: Bool?
}

/// The answer of DeleteObjects: an entry for each key, in the order of the request; a quiet one has
/// entries for failures only.
package struct DeleteResult: Codable, Sendable {
    /// Empty for a quiet request.
    package struct Deleted: Codable, Sendable {
        /// A key that is not there now, whether or not it was before.
        package var Key: String
        /// As the request named it.
        package var VersionId: String?

        package init(Key: String, VersionId: String? = nil) {
            self.Key = Key
            self.VersionId = VersionId
        }
    }
    /// A key that was not deleted, and why.
    package struct Failure: Codable, Sendable {
        /// A key that could not be deleted.
        package var Key: String
        /// One of `S3ErrorCode`.
        package var Code: String
        /// For people.
        package var Message: String

        package init(Key: String, Code: String, Message: String) {
            self.Key = Key
            self.Code = Code
            self.Message = Message
        }
    }
    /// Empty for a quiet request.
    package var Deleted: [Deleted]
    /// Keys that are still there.
    package var Error: [Failure]

    package init(Deleted: [Deleted], Error: [Failure]) {
        self.Deleted = Deleted
        self.Error = Error
    }
}
