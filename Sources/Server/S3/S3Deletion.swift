import Access
import Hummingbird
import Storage
import WireAWS

/// DeleteObjects: each key needs the caller's permission, and the answer has an entry for each.
struct S3Deletion: Sendable {
    private let request: S3Request
    private let payload: S3Payload
    private let permissions: S3Permissions

    init(_ request: S3Request, _ payload: S3Payload, _ permissions: S3Permissions) {
        self.request = request
        self.payload = payload
        self.permissions = permissions
    }

    /// - Parameter delete: deletes one object; does nothing when it is not there.
    /// - Throws: `malformedXML` for a document without objects or with more than
    ///   `S3Limits.keysMax`, `noSuchBucket`. What fails for one key is an entry of the answer.
    func answer(
        deletingBy delete: (ObjectLocation, WriteCondition) async throws -> Void
    ) async throws -> Response {
        let document = try await payload.document(
            DeleteObjectsDocument.self, root: "Delete", elementsMax: 8 * S3Limits.keysMax)
        guard (1...S3Limits.keysMax).contains(document.Object.count) else {
            throw S3Error(
                .malformedXML, "A Delete document must have 1 to \(S3Limits.keysMax) objects.")
        }
        var result = DeleteResult(Deleted: [], Error: [])
        for object in document.Object {
            let location = ObjectLocation(bucket: request.bucket, key: object.Key)
            do {
                try permissions.check("s3:DeleteObject", location)
                try await delete(location, condition(object))
                if document.Quiet != true {
                    result.Deleted.append(
                        .init(Key: object.Key, VersionId: object.VersionId))
                }
            } catch {
                let error = S3ErrorTranslation.s3Error(for: error)
                if error.code == .noSuchBucket { throw error }
                result.Error.append(
                    .init(Key: object.Key, Code: error.code.rawValue, Message: error.message))
            }
        }
        return try .xml(result, root: "DeleteResult")
    }

    private func condition(_ object: DeleteObjectsDocument.Object) throws(S3Error)
        -> WriteCondition
    {
        guard object.VersionId ?? "null" == "null" else {
            throw S3Error(
                .noSuchVersion, "There are no versions but 'null' here.",
                details: ["Key": object.Key])
        }
        let etag = object.ETag.map {
            $0 == "*" ? WriteCondition.present : .etag($0.filter { $0 != "\"" })
        }
        let unchanged = try WriteCondition.unchanged(
            time: object.LastModifiedTime, size: object.Size)
        let conditions = [etag, unchanged].compactMap { $0 }
        return conditions.count > 1 ? .all(conditions) : conditions.first ?? .none
    }
}
