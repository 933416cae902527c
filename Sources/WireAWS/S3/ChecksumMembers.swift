/// A document's element for each algorithm of S3's checksums.
package protocol ChecksumMembers {
    var ChecksumCRC32: String? { get set }
    var ChecksumCRC32C: String? { get set }
    var ChecksumCRC64NVME: String? { get set }
    var ChecksumSHA1: String? { get set }
    var ChecksumSHA256: String? { get set }
}

extension ChecksumMembers {
    /// Sets the members that a table has.
    ///
    /// - Parameter checksums: base64 by name as in headers (crc32, crc32c, crc64nvme, sha1,
    ///   sha256); others count for nothing.
    package mutating func set(checksums: [String: String]) {
        ChecksumCRC32 = checksums["crc32"]
        ChecksumCRC32C = checksums["crc32c"]
        ChecksumCRC64NVME = checksums["crc64nvme"]
        ChecksumSHA1 = checksums["sha1"]
        ChecksumSHA256 = checksums["sha256"]
    }
}

extension CopyResult: ChecksumMembers {}
extension CompleteMultipartUploadResult: ChecksumMembers {}
extension S3Part: ChecksumMembers {}
extension GetObjectAttributesResult.Checksums: ChecksumMembers {}
extension GetObjectAttributesResult.Part: ChecksumMembers {}
