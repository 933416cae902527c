import Access
import Storage
import Wire

extension Operations {
    /// A part of the objects below a prefix.
    package struct ObjectPage: Sendable, Equatable {
        /// `s3://BUCKET/KEY`, in the order of the keys' bytes.
        package let references: [String]
        /// What `after` is for the next part; nil after the last.
        package let next: String?
    }

    /// Objects whose keys begin with a prefix.
    ///
    /// - Parameters:
    ///   - place: `s3://BUCKET/PREFIX`; the prefix may be empty.
    ///   - after: the key that the last part ended with.
    ///   - limit: 1 to 1,000.
    /// - Throws: `accessDenied` without `s3:ListBucket` for that prefix; `validation` for what is
    ///   not such a place, or names the bucket that is Spotter's own; `StorageError`.
    package func objects(below place: String, after: String?, limit: Int) async throws
        -> ObjectPage
    {
        let parts = place.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0] == "s3:", parts[1].isEmpty, !parts[2].isEmpty else {
            throw WireError.validation("'\(place.prefix(200))' is not s3://BUCKET/PREFIX.")
        }
        let bucket = String(parts[2])
        let prefix = parts.count > 3 ? String(parts[3]) : ""
        try context.checkBucket(bucket, "The bucket")
        var request = caller.request(["s3:ListBucket"], on: "arn:aws:s3:::\(bucket)")
        request.serviceValues = ["s3:prefix": prefix, "s3:max-keys": String(limit)]
        try caller.principal.check(request)
        let found = try await context.objects.list(
            bucket, prefix: prefix, after: after, limit: limit)
        return ObjectPage(
            references: found.map { "s3://\(bucket)/\($0.key)" },
            next: found.count == limit ? found.last?.key : nil)
    }
}
