import Access
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Storage
import Wire
import WireAWS

/// S3 on the directory buckets.
struct EmbeddedS3: S3Backend {
    let store: DirectoryStore
    let region: String
    /// Account that owns every bucket.
    let owner: S3Owner

    func perform(
        _ request: S3Request, _ payload: S3Payload, _ permissions: S3Permissions
    ) async throws -> Response {
        let multipart = S3Multipart(
            store: store, owner: owner, request: request, payload: payload)
        var response = try await answer(request, payload, permissions, multipart)
        if request.operation.namesEncryption, response.status.kind == .successful {
            response.headers[S3Header.encryption] = "AES256"
        }
        return response
    }

    func crossOrigin(_ bucket: String) async throws -> CORSConfiguration? {
        try await BucketConfigurations(store: store, owner: owner).crossOrigin(bucket)
    }

    private func answer(
        _ request: S3Request, _ payload: S3Payload, _ permissions: S3Permissions,
        _ multipart: S3Multipart
    ) async throws -> Response {
        switch request.operation {
        case .listBuckets: try await listBuckets(request)
        case .createBucket: try await createBucket(request, payload)
        case .headBucket: try await headBucket(request)
        case .getBucketLocation: try await bucketLocation(request)
        case .deleteBucket: try await deleteBucket(request)
        case .listObjects, .listObjectsV2, .listObjectVersions:
            try await S3Listing(request, owner).answer(store)
        case .postObject:
            throw S3Error(
                .methodNotAllowed, "The specified method is not allowed against this resource.")
        case .getObjectAttributes: try await S3Attributes(request).answer(store)
        case .putObject: try await putObject(request, payload)
        case .copyObject: try await copyObject(request, permissions)
        case .getObject, .headObject: try await S3Download(request).answer(store)
        case .getObjectTagging, .putObjectTagging, .deleteObjectTagging:
            try await objectTagging(request, payload)
        case .deleteObject: try await deleteObject(request)
        case .deleteObjects:
            try await S3Deletion(request, payload, permissions).answer {
                try await delete($0, condition: $1)
            }
        case .createMultipartUpload: try await multipart.create()
        case .uploadPart: try await multipart.uploadPart()
        case .uploadPartCopy: try await multipart.copyPart()
        case .completeMultipartUpload: try await multipart.complete()
        case .abortMultipartUpload: try await multipart.abort()
        case .listParts: try await multipart.listParts()
        case .listMultipartUploads: try await multipart.listUploads()
        case .getBucketVersioning, .getBucketEncryption, .getBucketACL, .getBucketTagging,
            .getBucketPolicy, .getBucketLifecycle, .getBucketWebsite, .getBucketReplication,
            .getBucketLogging, .getBucketNotification, .getBucketRequestPayment,
            .getBucketAccelerate, .getPublicAccessBlock, .getBucketOwnership, .getObjectLock,
            .getBucketCORS, .putBucketCORS, .deleteBucketCORS, .putBucketTagging,
            .deleteBucketTagging, .putBucketEncryption, .deleteBucketEncryption,
            .putPublicAccessBlock, .deletePublicAccessBlock, .putBucketOwnership,
            .deleteBucketOwnership, .getObjectACL, .putObjectACL, .putBucketACL:
            try await configuration(request, payload)
        }
    }

    /// Deletes an object; does nothing when it is not there.
    private func delete(_ location: ObjectLocation, condition: WriteCondition) async throws {
        do {
            try await store.delete(location, condition: condition)
        } catch let error as StorageError where error.code == .invalidName {
            // A text that cannot be a key names no object.
            guard try await store.bucketExists(location.bucket) else {
                throw StorageError(.noSuchBucket, "The specified bucket does not exist")
            }
        }
    }

    // MARK: Buckets

    private func listBuckets(_ request: S3Request) async throws -> Response {
        let limit = try request.number(
            "max-buckets", in: 1...S3Limits.bucketsMax, standard: S3Limits.bucketsMax)
        let prefix = request.parameter("prefix") ?? ""
        let after = try request.parameter("continuation-token").map { token throws(S3Error) in
            guard let after = ContinuationToken.decode(token), !token.isEmpty else {
                throw S3Error(
                    .invalidArgument, "The continuation token provided is incorrect",
                    details: ["ArgumentName": "continuation-token"])
            }
            return after
        }
        let isHere = request.parameter("bucket-region").map { $0 == region } ?? true
        let all = try await isHere ? store.buckets() : []
        let rest = all.filter { $0.name.hasPrefix(prefix) && $0.name > after ?? "" }
        let shown = rest.prefix(limit)
        var result = ListAllMyBucketsResult(
            Owner: owner,
            buckets: shown.map {
                S3Bucket(Name: $0.name, CreationDate: S3Time.text($0.created))
            })
        result.Prefix = request.parameter("prefix")
        if rest.count > shown.count {
            result.ContinuationToken = (shown.last?.name).map(ContinuationToken.encode)
        }
        return try .xml(result, root: "ListAllMyBucketsResult")
    }

    private func createBucket(_ request: S3Request, _ payload: S3Payload) async throws -> Response {
        if try payload.lengthOnTheWay() > 0 {
            try LocationRule.check(
                try await payload.document(
                    CreateBucketConfiguration.self, root: "CreateBucketConfiguration",
                    elementsMax: 64
                ).LocationConstraint, region: region)
        }
        let ownership = request.header("x-amz-object-ownership").map(OwnershipControls.init)
        guard ownership?.isSound ?? true else {
            throw S3Error(
                .invalidArgument, "Invalid x-amz-object-ownership header",
                details: ["ArgumentName": "x-amz-object-ownership"])
        }
        do {
            guard NewBucketName.isSound(request.bucket) else {
                throw StorageError(.invalidName, NewBucketName.rule)
            }
            try await store.makeBucket(request.bucket)
            if let ownership {
                try await BucketConfigurations(store: store, owner: owner).change(request) {
                    $0.ownership = ownership
                }
            }
        } catch let error as StorageError where error.code == .bucketExists {
            // As Amazon has it, whose first region is older than the error.
            if region == LocationRule.firstRegion {
                return Response(status: .ok, headers: [.location: "/\(request.bucket)"])
            }
            throw S3Error(
                .bucketAlreadyOwnedByYou,
                "Your previous request to create the named bucket succeeded and you already "
                    + "own it.",
                details: ["BucketName": request.bucket])
        } catch let error as StorageError where error.code == .invalidName {
            throw S3Error(
                .invalidBucketName, error.message, details: ["BucketName": request.bucket])
        }
        return Response(status: .ok, headers: [.location: "/\(request.bucket)"])
    }

    private func headBucket(_ request: S3Request) async throws -> Response {
        try await checkBucket(request)
        var response = Response(status: .ok)
        response.headers[S3Header.region] = region
        return response
    }

    private func configuration(_ request: S3Request, _ payload: S3Payload) async throws -> Response
    {
        try await checkBucket(request)
        return try await BucketConfigurations(store: store, owner: owner).answer(request, payload)
    }

    private func checkBucket(_ request: S3Request) async throws {
        guard try await store.bucketExists(request.bucket) else {
            throw S3Error(
                .noSuchBucket, "The specified bucket does not exist",
                details: ["BucketName": request.bucket])
        }
    }

    private func bucketLocation(_ request: S3Request) async throws -> Response {
        try await checkBucket(request)
        // The first region has no name here.
        return try .xml(
            LocationConstraint(value: region == LocationRule.firstRegion ? "" : region),
            root: "LocationConstraint")
    }

    private func deleteBucket(_ request: S3Request) async throws -> Response {
        do {
            try await store.deleteBucket(request.bucket)
        } catch let error as StorageError where error.code == .bucketNotEmpty {
            throw S3Error(
                .bucketNotEmpty, "The bucket you tried to delete is not empty",
                details: ["BucketName": request.bucket])
        }
        return Response(status: .noContent)
    }

    // MARK: Objects

    private func deleteObject(_ request: S3Request) async throws -> Response {
        try await delete(request.location, condition: try request.writeCondition())
        return Response(status: .noContent)
    }
}

extension S3Error {
    static func noSuchKey(_ request: S3Request) -> S3Error {
        S3Error(.noSuchKey, "The specified key does not exist.", details: ["Key": request.key])
    }
}

extension ObjectReader {
    /// Reads a part piece by piece.
    func forEach(_ range: Range<Int>, _ body: (Data) async throws -> Void) async throws {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let piece = try await read(
                offset: offset, count: min(S3Limits.readBytes, range.upperBound - offset))
            guard !piece.isEmpty else {
                throw StorageError(.unavailable, "\(object.key) became smaller while it was read.")
            }
            try await body(piece)
            offset += piece.count
        }
    }
}
