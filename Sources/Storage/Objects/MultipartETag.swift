import Base
import Crypto

/// The ETag of an object of many parts, as S3 makes it.
enum MultipartETag {
    /// - Parameter digests: the MD5 of each part, in order, 16 bytes each.
    /// - Returns: without quotation marks: the MD5 of the MD5s, `-`, and the number of parts.
    static func of(_ digests: [[UInt8]]) -> String {
        var hash = Insecure.MD5()
        for digest in digests { hash.update(data: digest) }
        return "\(Hex.encode(hash.finalize()))-\(digests.count)"
    }

    /// - Parameter etags: the parts' ETags, in order, with or without quotation marks.
    /// - Returns: without quotation marks; nil where the ETag of a part is not an MD5, as with
    ///   encryption by keys of the customer.
    static func of(etags: [String]) -> String? {
        var digests: [[UInt8]] = []
        for etag in etags {
            guard let digest = Hex.decode(etag.filter { $0 != "\"" }),
                digest.count == Insecure.MD5.byteCount
            else { return nil }
            digests.append(digest)
        }
        return of(digests)
    }
}
