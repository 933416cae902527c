import Access
package import Base
package import Cloud
package import FoundationEssentials
package import NIOPosix
import Wire
import WireAWS

/// Buckets of another server that speaks S3.
package final class S3Store: ObjectStore {
    /// Of one page of a list.
    private static let pageKeysMax = 1000
    /// Of the answers that are documents; a page of keys of 1,024 bytes, encoded, has 4 MB.
    private static let documentBytesMax = 16 << 20

    /// The server that keeps the objects, with the credentials that sign every request.
    package let peer: S3Peer
    private let pool: NIOThreadPool

    /// - Parameter pool: where files are read.
    package init(peer: S3Peer, pool: NIOThreadPool) {
        self.peer = peer
        self.pool = pool
    }

    /// Makes the bucket in the client's region; does nothing when this account owns it already.
    ///
    /// - Throws: `invalidName`; `unavailable` when the peer refuses or cannot be reached.
    package func createBucket(_ bucket: String) async throws {
        try BucketFolder.check(bucket)
        var request = peer.request("PUT", bucket)
        if peer.client.region != "us-east-1" {
            request.body = .bytes(
                try S3XML.encode(
                    CreateBucketConfiguration(LocationConstraint: peer.client.region),
                    root: "CreateBucketConfiguration"))
        }
        do {
            _ = try await send(request)
        } catch let error as CloudError where error.failure?.code == "BucketAlreadyOwnedByYou" {
        } catch {
            throw StorageError.of(error, "make", bucket)
        }
    }

    /// False also for a text that cannot be the name of a bucket.
    ///
    /// - Throws: `unavailable` when the peer refuses the question or cannot be reached.
    package func bucketExists(_ bucket: String) async throws -> Bool {
        do {
            try BucketFolder.check(bucket)
        } catch {
            return false
        }
        do {
            _ = try await send(peer.request("HEAD", bucket))
            return true
        } catch let error as CloudError where error.failure?.status == 404 {
            return false
        } catch {
            throw StorageError.of(error, "look for", bucket)
        }
    }

    /// Large files are sent as multipart uploads; the object appears when the last request
    /// succeeds.
    ///
    /// - Throws: `noSuchBucket`, `invalidName`, `unavailable`.
    package func put(_ content: ObjectContent, at location: ObjectLocation) async throws {
        try location.check()
        let upload = S3Upload(peer: peer, location: location, pool: pool)
        do {
            switch content {
            case .bytes(let bytes): try await upload.put(bytes)
            case .file(let path): try await upload.put { try OpenFile.reading(path) }
            }
        } catch {
            throw StorageError.of(error, "write", location.bucket, location.key)
        }
    }

    /// Writes a file with what is kept beside it. The ETag and the checksum become the peer's own.
    ///
    /// - Parameter open: called once, on a thread that may block; nil when the file is gone.
    package func put(
        _ attributes: ObjectAttributes, at location: ObjectLocation,
        open: @escaping @Sendable () throws -> OpenFile?
    ) async throws {
        try location.check()
        let headers =
            attributes.headers.map { (name: $0.key, value: $0.value) }
            + attributes.userMetadata.map { (name: "x-amz-meta-\($0.key)", value: $0.value) }
        let upload = S3Upload(
            peer: peer, location: location, pool: pool,
            attributes: headers.sorted { $0.name < $1.name })
        do {
            try await upload.put(open)
        } catch {
            throw StorageError.of(error, "write", location.bucket, location.key)
        }
    }

    /// - Throws: `noSuchObject`, `noSuchBucket`, `invalidName`, `tooLarge`, `unavailable`.
    package func get(_ location: ObjectLocation, bytesMax: Int) async throws -> Data {
        var bytes = Data()
        try await read(location, bytesMax: bytesMax) { bytes += $0 }
        return bytes
    }

    /// A connection that is lost on the way is resumed at the byte where it broke, with the ETag of
    /// the first answer as a condition, so that pieces of two objects are never mixed.
    ///
    /// - Throws: As `get` does; what `chunk` throws ends the read and is passed on.
    package func read(
        _ location: ObjectLocation, bytesMax: Int, _ chunk: (Data) async throws -> Void
    ) async throws {
        try location.check()
        var download = S3Download(peer: peer, location: location)
        do {
            try await download.open(bytesMax: bytesMax)
        } catch {
            throw StorageError.of(error, "read", location.bucket, location.key)
        }
        while true {
            let piece: Data?
            do {
                piece = try await download.next()
            } catch {
                throw StorageError.of(error, "read", location.bucket, location.key)
            }
            guard let piece else { return }
            try await chunk(piece)
        }
    }

    /// - Throws: `noSuchBucket`, `invalidName`, `unavailable`.
    package func head(_ location: ObjectLocation) async throws -> ObjectSummary? {
        try location.check()
        do {
            let response = try await send(peer.request("HEAD", location.bucket, location.key))
            guard let size = response.length else {
                throw StorageError(.unavailable, "The size of \(location) is not in the answer.")
            }
            return ObjectSummary(key: location.key, size: size)
        } catch let error as CloudError where error.failure?.status == 404 {
            // The answer has no body that would say which of the two is missing.
            guard try await bucketExists(location.bucket) else {
                throw BucketFolder.missing(location.bucket)
            }
            return nil
        } catch {
            throw StorageError.of(error, "look for", location.bucket, location.key)
        }
    }

    /// - Throws: `noSuchBucket`, `invalidName`, `unavailable`.
    package func delete(_ location: ObjectLocation) async throws {
        try location.check()
        do {
            _ = try await send(peer.request("DELETE", location.bucket, location.key))
        } catch let error as CloudError where error.failure?.code == "NoSuchKey" {
        } catch {
            throw StorageError.of(error, "delete", location.bucket, location.key)
        }
    }

    /// Asks for pages of up to 1,000 keys until `limit` is reached. Keys that `ObjectPath` refuses
    /// are left out, because they could not be read either.
    ///
    /// - Throws: `noSuchBucket`, `invalidName`, `unavailable`.
    package func list(_ bucket: String, prefix: String, after: String?, limit: Int) async throws
        -> [ObjectSummary]
    {
        try BucketFolder.check(bucket)
        var found: [ObjectSummary] = []
        var (last, isComplete) = (after, false)
        while found.count < limit, !isComplete {
            let page = try await page(
                of: bucket, prefix, after: last, limit: min(limit - found.count, Self.pageKeysMax))
            // What no store takes under that key could not be read either.
            found += page.objects.filter { (try? ObjectPath($0.key)) != nil }
            isComplete = !page.isTruncated
            guard let next = page.objects.last?.key else { break }
            last = next
        }
        return found
    }

    /// Objects and whether more follow.
    private func page(of bucket: String, _ prefix: String, after: String?, limit: Int) async throws
        -> (objects: [ObjectSummary], isTruncated: Bool)
    {
        var query = [
            (name: "list-type", value: "2"), (name: "encoding-type", value: "url"),
            (name: "max-keys", value: String(limit)), (name: "prefix", value: prefix),
        ]
        if let after { query.append(("start-after", after)) }
        let request = peer.request("GET", bucket, query: query)
        do {
            let (_, body) = try await peer.client.send(request, bytesMax: Self.documentBytesMax)
            let document = try S3XML.decode(ListBucketResult.self, from: body)
            let isEncoded = document.EncodingType == "url"
            let objects = try (document.Contents ?? []).map { object in
                let text = object.Key.replacing("+", with: " ")
                guard let key = isEncoded ? PercentCoding.decode(text) : object.Key else {
                    throw S3Error(.malformedXML, "A key in the list is not encoded as URLs are.")
                }
                return ObjectSummary(key: key, size: object.Size)
            }
            return (objects, document.IsTruncated ?? false)
        } catch let error as S3Error {
            throw StorageError(
                .unavailable, "Could not list the bucket \(bucket): \(error.message)")
        } catch {
            throw StorageError.of(error, "list", bucket)
        }
    }

    private func send(_ request: CloudRequest) async throws -> CloudResponse {
        try await peer.client.send(request, bytesMax: Self.documentBytesMax).response
    }
}
