import Cloud

extension StorageError {
    /// What went wrong at the peer, in the words of stores.
    ///
    /// - Parameters:
    ///   - verb: what was to be done, like `read`.
    ///   - key: nil for the bucket itself.
    /// - Returns: an error that is not the peer's as it is.
    static func of(_ error: any Error, _ verb: String, _ bucket: String, _ key: String? = nil)
        -> any Error
    {
        guard let error = error as? CloudError else { return error }
        let name = key.map { "s3://\(bucket)/\($0)" } ?? "the bucket \(bucket)"
        switch (error.failure?.code, key) {
        case ("NoSuchBucket", _), ("NotFound", nil): return BucketFolder.missing(bucket)
        case ("NoSuchKey", _), ("NotFound", _):
            return StorageError(.noSuchObject, "The object \(name) does not exist.")
        case ("InvalidBucketName", _), ("KeyTooLongError", _):
            return StorageError(.invalidName, "Could not \(verb) \(name): \(error.message)")
        case ("EntityTooLarge", _):
            return StorageError(.tooLarge, "Could not \(verb) \(name): \(error.message)")
        default:
            return StorageError(
                .unavailable, "Could not \(verb) \(name): \(error.message)",
                clientMessage: error.failure.map {
                    "Could not \(verb) \(name): S3 answered \($0.code)."
                })
        }
    }
}
