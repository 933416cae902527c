package import FoundationEssentials

/// What S3 keeps with an object beside its bytes.
package struct ObjectAttributes: Sendable, Equatable, Codable {
    /// Without quotes: the MD5 in hexadecimal; of an object made from N parts the MD5 of their
    /// MD5s and `-N`; of a file put there by hand something that changes with it, and `-1`.
    package var etag: String
    /// By lower-case name: content-type, cache-control, content-disposition, content-encoding,
    /// content-language, expires.
    package var headers: [String: String]
    /// By lower-case name without `x-amz-meta-`.
    package var userMetadata: [String: String]
    /// By name as in headers (crc32, crc32c, crc64nvme, sha1, sha256), in base64; one of a
    /// composite type ends in `-N`.
    package var checksums: [String: String]
    /// `FULL_OBJECT` or `COMPOSITE`; nil without checksums.
    package var checksumType: String?
    /// As the put named it; nil for STANDARD. It changes nothing about how the object is kept.
    package var storageClass: String?
    /// Of an object that was made from parts, in order; nil for one that came in one piece, and for
    /// those that were joined before parts were kept.
    package var parts: [ObjectPart]?
    /// In the order of their keys; nil for none. They change without the object.
    package var tags: [ObjectTag]?

    /// Everything but the ETag is empty by default, as for a file that was put there by hand.
    package init(
        etag: String, headers: [String: String] = [:], userMetadata: [String: String] = [:],
        checksums: [String: String] = [:], checksumType: String? = nil,
        storageClass: String? = nil, parts: [ObjectPart]? = nil, tags: [ObjectTag]? = nil
    ) {
        self.etag = etag
        self.headers = headers
        self.userMetadata = userMetadata
        self.checksums = checksums
        self.checksumType = checksumType
        self.storageClass = storageClass
        self.parts = parts
        self.tags = tags
    }
}

/// A tag of an object or of a bucket, which means something to its owner only.
package struct ObjectTag: Sendable, Equatable, Codable {
    /// Once in a list; the caller bounds its length.
    package let key: String
    /// May be empty; the caller bounds its length.
    package let value: String

    /// Checks nothing: `S3Tags` checks what comes from outside.
    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// A part of a finished object.
package struct ObjectPart: Sendable, Equatable, Codable {
    /// As it was uploaded, 1 to 10,000; ascending, not always without gaps.
    package let number: Int
    /// In bytes; the parts lie in the object one after another.
    package let size: Int
    /// As in `ObjectAttributes`; nil for none.
    package let checksums: [String: String]?

    /// Used by the store and by tests.
    package init(number: Int, size: Int, checksums: [String: String]? = nil) {
        self.number = number
        self.size = size
        self.checksums = checksums
    }
}

/// An object without its bytes.
package struct StoredObject: Sendable, Equatable {
    /// Whole key in the bucket, not encoded.
    package let key: String
    /// In bytes.
    package let size: Int
    /// The file's modification time, exact to about 200 ns.
    package let modified: Date
    /// Of a file that was put there by hand: derived from its size, time and extension.
    package let attributes: ObjectAttributes

    /// Used by the store and by tests; it reads nothing from the disk.
    package init(key: String, size: Int, modified: Date, attributes: ObjectAttributes) {
        self.key = key
        self.size = size
        self.modified = modified
        self.attributes = attributes
    }
}

/// A bucket in the list of all.
package struct BucketSummary: Sendable, Equatable {
    /// 3 to 63 characters; see `BucketName`.
    package let name: String
    /// Modification time of the file `.spotter-bucket`, or of the folder where there is no such
    /// file.
    package let created: Date

    /// Used by the store and by tests; it reads nothing from the disk.
    package init(name: String, created: Date) {
        self.name = name
        self.created = created
    }
}

/// `If-Match` or `If-None-Match` of a write, judged at the moment at which the object appears or
/// goes.
package enum WriteCondition: Sendable, Equatable {
    case none
    /// `If-None-Match: *`; throws `preconditionFailed` when there is an object.
    case absent
    /// `If-None-Match`, without quotes; throws `preconditionFailed` when the object has this ETag.
    case otherETag(String)
    /// `If-Match: *`; throws `noSuchObject` when there is no object.
    case present
    /// `If-Match`, without quotes; throws `noSuchObject` when there is no object and
    /// `preconditionFailed` when it has another ETag.
    case etag(String)
    /// Of a deletion, each of them nil for any: an object with another time, in whole seconds, or
    /// another size throws `preconditionFailed`; none is none.
    case unchanged(seconds: Int?, size: Int?)
    /// All of them must hold.
    case all([WriteCondition])

    func check(_ current: StoredObject?, _ location: ObjectLocation) throws(StorageError) {
        switch self {
        case .none: return
        case .all(let conditions):
            for condition in conditions { try condition.check(current, location) }
        case .unchanged(let seconds, let size):
            guard let current else { return }
            let modified = Int(current.modified.timeIntervalSince1970.rounded(.down))
            guard seconds ?? modified == modified, size ?? current.size == current.size else {
                throw StorageError(
                    .preconditionFailed, "The object \(location) has another time or size.")
            }
        case .otherETag(let etag):
            guard current?.attributes.etag != etag else {
                throw StorageError(
                    .preconditionFailed, "The object \(location) has the ETag '\(etag)'.")
            }
        case .present:
            guard current != nil else {
                throw StorageError(.noSuchObject, "The object \(location) does not exist.")
            }
        case .absent:
            guard current == nil else {
                throw StorageError(.preconditionFailed, "The object \(location) exists already.")
            }
        case .etag(let etag):
            guard let current else {
                throw StorageError(.noSuchObject, "The object \(location) does not exist.")
            }
            guard current.attributes.etag == etag else {
                throw StorageError(
                    .preconditionFailed, "The object \(location) has another ETag than '\(etag)'.")
            }
        }
    }
}
