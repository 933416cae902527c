
// Documents of S3. Members are named as the elements are.

package struct S3Owner: Codable, Sendable, Equatable {
    package var ID: String
    package var DisplayName: String

    package init(ID: String, DisplayName: String) {
        self.ID = ID
        self.DisplayName = DisplayName
    }
}

package struct S3Bucket: Codable, Sendable, Equatable {
    package var Name: String
    package var CreationDate: String

    package init(Name: String, CreationDate: String) {
        self.Name = Name
        self.CreationDate = CreationDate
    }
}

package struct ListAllMyBucketsResult: Codable, Sendable {
    package struct List: Codable, Sendable {
        package var Bucket: [S3Bucket]
    }
    package var Owner: S3Owner
    package var Buckets: List

    package init(Owner: S3Owner, buckets: [S3Bucket]) {
        self.Owner = Owner
        Buckets = List(Bucket: buckets)
    }
}

package struct S3Object: Codable, Sendable, Equatable {
    package var Key: String
    package var LastModified: String
    package var ETag: String
    package var ChecksumAlgorithm: [String]?
    package var ChecksumType: String?
    package var Size: Int
    package var StorageClass: String?
    package var Owner: S3Owner?

    package init(
        Key: String, LastModified: String, ETag: String, ChecksumAlgorithm: [String]?,
        ChecksumType: String?, Size: Int, Owner: S3Owner?
    ) {
        self.Key = Key
        self.LastModified = LastModified
        self.ETag = ETag
        self.ChecksumAlgorithm = ChecksumAlgorithm
        self.ChecksumType = ChecksumType
        self.Size = Size
        self.Owner = Owner
        StorageClass = "STANDARD"
    }
}

package struct S3Prefix: Codable, Sendable, Equatable {
    package var Prefix: String

    package init(Prefix: String) { self.Prefix = Prefix }
}

/// Of ListObjects and ListObjectsV2.
package struct ListBucketResult: Codable, Sendable {
    package var Name: String?
    package var Prefix: String?
    package var Delimiter: String?
    package var Marker: String?
    package var NextMarker: String?
    package var StartAfter: String?
    package var ContinuationToken: String?
    package var NextContinuationToken: String?
    package var KeyCount: Int?
    package var MaxKeys: Int?
    package var EncodingType: String?
    package var IsTruncated: Bool?
    package var Contents: [S3Object]?
    package var CommonPrefixes: [S3Prefix]?

    package init() {}
}

package struct S3ErrorDocument: Codable, Sendable {
    package var Code: String
    package var Message: String?
    package var Resource: String?
    package var RequestId: String?
    package var Region: String?
    package var BucketName: String?
    package var Key: String?

    package init(Code: String, Message: String?) {
        self.Code = Code
        self.Message = Message
    }
}

package struct CreateBucketConfiguration: Codable, Sendable {
    package var LocationConstraint: String?

    package init(LocationConstraint: String?) { self.LocationConstraint = LocationConstraint }
}

package struct InitiateMultipartUploadResult: Codable, Sendable {
    package var Bucket: String
    package var Key: String
    package var UploadId: String

    package init(Bucket: String, Key: String, UploadId: String) {
        self.Bucket = Bucket
        self.Key = Key
        self.UploadId = UploadId
    }
}

package struct CompleteMultipartUpload: Codable, Sendable {
    package struct Part: Codable, Sendable {
        package var PartNumber: Int
        package var ETag: String
        package var ChecksumCRC32: String?
        package var ChecksumCRC32C: String?
        package var ChecksumCRC64NVME: String?
        package var ChecksumSHA1: String?
        package var ChecksumSHA256: String?

        package init(PartNumber: Int, ETag: String) {
            self.PartNumber = PartNumber
            self.ETag = ETag
        }
    }
    package var Part: [Part]

    package init(Part: [Part]) { self.Part = Part }
}

package struct CompleteMultipartUploadResult: Codable, Sendable {
    package var Location: String?
    package var Bucket: String?
    package var Key: String?
    package var ETag: String?
    package var ChecksumCRC32: String?
    package var ChecksumCRC32C: String?
    package var ChecksumCRC64NVME: String?
    package var ChecksumSHA1: String?
    package var ChecksumSHA256: String?
    package var ChecksumType: String?

    package init() {}
}

/// Of CopyObject and UploadPartCopy.
package struct CopyResult: Codable, Sendable {
    package var ETag: String
    package var LastModified: String

    package init(ETag: String, LastModified: String) {
        self.ETag = ETag
        self.LastModified = LastModified
    }
}

package struct DeleteObjectsDocument: Codable, Sendable {
    package struct Object: Codable, Sendable {
        package var Key: String
        package var VersionId: String?
        package var ETag: String?
        package var LastModifiedTime: String?
        package var Size: Int?
    }
    package var Object: [Object]
    package var Quiet: Bool?
}

package struct DeleteResult: Codable, Sendable {
    package struct Deleted: Codable, Sendable {
        package var Key: String

        package init(Key: String) { self.Key = Key }
    }
    package struct Failure: Codable, Sendable {
        package var Key: String
        package var Code: String
        package var Message: String

        package init(Key: String, Code: String, Message: String) {
            self.Key = Key
            self.Code = Code
            self.Message = Message
        }
    }
    package var Deleted: [Deleted]
    package var Error: [Failure]

    package init(Deleted: [Deleted], Error: [Failure]) {
        self.Deleted = Deleted
        self.Error = Error
    }
}

package struct S3Part: Codable, Sendable {
    package var PartNumber: Int
    package var LastModified: String
    package var ETag: String
    package var Size: Int

    package init(PartNumber: Int, LastModified: String, ETag: String, Size: Int) {
        self.PartNumber = PartNumber
        self.LastModified = LastModified
        self.ETag = ETag
        self.Size = Size
    }
}

package struct ListPartsResult: Codable, Sendable {
    package var Bucket: String?
    package var Key: String?
    package var UploadId: String?
    package var Owner: S3Owner?
    package var Initiator: S3Owner?
    package var StorageClass: String?
    package var PartNumberMarker: Int?
    package var NextPartNumberMarker: Int?
    package var MaxParts: Int?
    package var IsTruncated: Bool?
    package var Part: [S3Part]?

    package init() {}
}

package struct S3Upload: Codable, Sendable {
    package var Key: String
    package var UploadId: String
    package var Initiated: String
    package var StorageClass: String?

    package init(Key: String, UploadId: String, Initiated: String) {
        self.Key = Key
        self.UploadId = UploadId
        self.Initiated = Initiated
        StorageClass = "STANDARD"
    }
}

package struct ListMultipartUploadsResult: Codable, Sendable {
    package var Bucket: String?
    package var KeyMarker: String?
    package var UploadIdMarker: String?
    package var NextKeyMarker: String?
    package var NextUploadIdMarker: String?
    package var Prefix: String?
    package var Delimiter: String?
    package var EncodingType: String?
    package var MaxUploads: Int?
    package var IsTruncated: Bool?
    package var Upload: [S3Upload]?
    package var CommonPrefixes: [S3Prefix]?

    package init() {}
}

/// Objects have no tags here.
package struct ObjectTagging: Codable, Sendable {
    package struct Tags: Codable, Sendable {}
    package var TagSet = Tags()

    package init() {}
}
