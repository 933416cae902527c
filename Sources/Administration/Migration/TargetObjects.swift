import Access
import Base
import Cloud
import Crypto
import FoundationEssentials
import NIOPosix
import Storage

/// What the S3 that a data directory moves to has under the keys of its objects already.
struct TargetObjects: Sendable {
    /// A file that is to become an object.
    struct Upload: Sendable {
        let source: Source
        /// What is kept beside it; nil for files of Spotter's own.
        let object: StoredObject?
        let location: ObjectLocation
    }

    /// Where the bytes of an object are.
    enum Source: Sendable {
        /// A file of Spotter's own.
        case path(String)
        /// An object of a bucket, where people may change what is there.
        case object(BucketFiles, key: String)

        /// - Returns: nil when there is no such file.
        func opened() throws -> OpenFile? {
            switch self {
            case .path(let path): try OpenFile.reading(path)
            case .object(let bucket, let key):
                try bucket.file(of: key).flatMap { try $0.file.folder.reading($0.file.name) }
            }
        }
    }

    enum Found: Sendable {
        case nothing
        /// The same bytes, by their MD5.
        case same
        /// As many bytes; the ETag does not tell whether they are the same.
        case likely
        case other
    }

    /// Questions at once.
    private static let questionsAtOnce = 8
    private static let answerBytesMax = 64 << 10

    let store: S3Store
    let pool: NIOThreadPool

    func found(_ upload: Upload) async throws -> Found {
        let place = upload.location
        let response: CloudResponse
        do {
            response = try await store.peer.client.send(
                store.peer.request("HEAD", place.bucket, place.key), bytesMax: Self.answerBytesMax
            ).response
        } catch let error as CloudError where error.failure?.status == 404 {
            return .nothing
        } catch let error as CloudError {
            throw AdministrationError("Could not look for \(place): \(error.message)")
        }
        let status = try await pool.runIfActive { try upload.source.opened()?.status }
        guard let facts = status else { return .other }
        guard response.length ?? facts.size == facts.size else { return .other }
        guard let there = Self.md5(response) else { return .likely }
        if let own = upload.object?.attributes.etag, !own.contains("-") {
            return own == there ? .same : .other
        }
        let own = try await pool.runIfActive { try Self.md5(of: upload.source) }
        return own == there ? .same : .other
    }

    /// - Returns: those that would take the place of other objects, in words of S3.
    func others(_ uploads: [Upload]) async throws -> [String] {
        try await withThrowingTaskGroup(of: String?.self) { group in
            var others: [String] = []
            func take(_ name: String??) { if let name, let name { others.append(name) } }
            for (index, upload) in uploads.enumerated() {
                if index >= Self.questionsAtOnce { take(try await group.next()) }
                group.addTask {
                    guard case .other = try await found(upload) else { return nil }
                    return "\(upload.location)"
                }
            }
            while let name = try await group.next() { take(name) }
            return others.sorted()
        }
    }

    static func refusal(_ others: [String]) -> AdministrationError {
        let named = others.prefix(OperatingLimits.namedFilesMax).joined(separator: ", ")
        let more = others.count - min(others.count, OperatingLimits.namedFilesMax)
        return AdministrationError(
            "The S3 has other objects under the keys of those that are to be moved: "
                + "\(named)\(more > 0 ? " and \(more) more" : ""), perhaps others too. Nothing was "
                + "overwritten. Move or remove them, rename the buckets there, or give --overwrite "
                + "if the objects of the data directory are to take their place, as when an "
                + "earlier try had copied what has changed since.")
    }

    /// - Returns: nil where the ETag is none: of many parts, or encrypted by a key of its own.
    private static func md5(_ response: CloudResponse) -> String? {
        let encryption = response.header("x-amz-server-side-encryption") ?? "AES256"
        guard encryption == "AES256",
            response.header("x-amz-server-side-encryption-customer-algorithm") == nil,
            let etag = response.header("etag")?.filter({ $0 != "\"" }).lowercased(),
            Hex.decode(etag)?.count == Insecure.MD5.byteCount
        else { return nil }
        return etag
    }

    private static func md5(of source: Source) throws -> String? {
        guard let file = try source.opened() else { return nil }
        var hash = Insecure.MD5()
        try file.forEachPiece { hash.update(bufferPointer: $0) }
        return Hex.encode(hash.finalize())
    }
}
