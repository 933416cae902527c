/// Bounds of the embedded S3, each with its reason.
enum S3Limits {
    /// Bytes of a single PUT, as S3 has it; larger objects come in parts.
    static let putBytesMax = 5 << 30
    /// Bytes of an XML document: 10,000 parts with their checksums, or 1,000 long keys.
    static let documentBytesMax = 4 << 20
    /// Keys of one DeleteObjects and of one page of a list, as S3 has it.
    static let keysMax = 1_000
    static let partsMax = 10_000
    /// Buckets of one page of ListBuckets, as S3 has it.
    static let bucketsMax = 10_000
    /// Bytes of names and values of user metadata, as S3 has it.
    static let userMetadataBytesMax = 2 << 10
    /// Tags of an object and of a bucket, and characters of their keys and values, as S3 has them.
    static let objectTagsMax = 10
    static let bucketTagsMax = 50
    static let tagKeyMax = 128
    static let tagValueMax = 256
    /// Elements of a document of tags: more than three for each, so that one with too many tags is
    /// refused for their number.
    static let tagElementsMax = 1_000
    /// Bytes of an object that are in memory at once on the way to a client.
    static let readBytes = 512 << 10
}
