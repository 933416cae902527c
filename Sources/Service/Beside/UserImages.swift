import Access
package import FoundationEssentials
import Storage
import Wire

/// Objects of users that the console reads and writes in the caller's name, judged by the caller's
/// rights of S3 as requests to S3 are.
extension Operations {
    /// The bytes of an object: an image of a dataset, or a file that a training wrote.
    ///
    /// - Throws: `accessDenied` without `s3:GetObject`; `validation` for a reference that is not
    ///   one, or names the bucket that is Spotter's own; `StorageError`.
    package func object(_ reference: String, bytesMax: Int) async throws -> Data {
        let location = try location(reference)
        try check("s3:GetObject", location)
        return try await context.objects.get(location, bytesMax: bytesMax)
    }

    /// What tells one version of an object from another, for caches: its reference and size.
    ///
    /// - Throws: as `object`, also when there is no such object.
    package func version(of reference: String) async throws -> String {
        let location = try location(reference)
        try check("s3:GetObject", location)
        guard let found = try await context.objects.head(location) else {
            throw StorageError(.noSuchObject, "The object \(location) does not exist.")
        }
        return "\(found.size) \(reference)"
    }

    /// Keeps an object, and makes its bucket where there is none.
    ///
    /// - Throws: `accessDenied` without `s3:PutObject`, or `s3:CreateBucket` where that is needed;
    ///   otherwise as `object`.
    package func keep(_ bytes: Data, at reference: String) async throws {
        let location = try location(reference)
        try check("s3:PutObject", location)
        try await needBucket(location.bucket)
        try await context.objects.put(.bytes(bytes), at: location)
    }

    /// Makes a bucket where there is none.
    ///
    /// - Throws: `accessDenied` without `s3:CreateBucket`, unless the bucket is there.
    package func needBucket(_ bucket: String) async throws {
        guard try await mustMakeBucket(bucket) else { return }
        try await context.objects.createBucket(bucket)
    }

    /// Whether a bucket is missing that the caller may make.
    ///
    /// - Throws: `accessDenied` where it is missing and the caller has no `s3:CreateBucket`.
    func mustMakeBucket(_ bucket: String) async throws -> Bool {
        try context.checkBucket(bucket, "The bucket")
        guard try await !context.objects.bucketExists(bucket) else { return false }
        try caller.principal.check(
            caller.request(["s3:CreateBucket"], on: "arn:aws:s3:::\(bucket)"))
        return true
    }

    private func location(_ reference: String) throws(WireError) -> ObjectLocation {
        guard let location = ObjectLocation(uri: reference) else {
            throw .validation("'\(reference.prefix(200))' is not s3://BUCKET/KEY.")
        }
        try context.checkBucket(location.bucket, "The bucket")
        return location
    }

    private func check(_ action: String, _ location: ObjectLocation) throws(AccessError) {
        try caller.principal.check(
            caller.request([action], on: "arn:aws:s3:::\(location.bucket)/\(location.key)"))
    }
}
