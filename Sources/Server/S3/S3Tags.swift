import Access
import FoundationEssentials
import Hummingbird
import Storage
import Wire
import WireAWS

/// Tags as requests carry them: in a document, in a header, in a browser's form.
enum S3Tags {
    private static let punctuation: Set<Unicode.Scalar> = [
        " ", "+", "-", "=", ".", "_", ":", "/", "@",
    ]

    /// - Parameter text: the header `x-amz-tagging`, like `line=7&shift=early`.
    /// - Returns: nil for none.
    /// - Throws: `invalidArgument` for what is not of that form, `invalidTag`.
    static func ofHeader(_ text: String) throws(S3Error) -> [ObjectTag]? {
        // As forms write a space.
        guard let pairs = PercentCoding.decodeQuery(text.replacing("+", with: "%20")) else {
            throw S3Error(
                .invalidArgument,
                "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query "
                    + "parameters without tag name duplicates.",
                details: ["ArgumentName": "x-amz-tagging"])
        }
        let tags = pairs.map { ObjectTag(key: $0.name, value: $0.value) }
        return try checked(tags, max: S3Limits.objectTagsMax)
    }

    /// - Returns: nil for none.
    /// - Throws: `invalidTag`.
    static func of(_ document: Tagging, max: Int) throws(S3Error) -> [ObjectTag]? {
        let tags = (document.TagSet.Tag ?? []).map {
            ObjectTag(key: $0.Key, value: $0.Value ?? "")
        }
        return try checked(tags, max: max)
    }

    /// The header that says what the document of a browser's form says.
    ///
    /// - Throws: `malformedXML`, `invalidTag`.
    static func header(ofForm text: String) throws(S3Error) -> String {
        let document = try S3XML.decode(Tagging.self, from: Data(text.utf8), root: "Tagging")
        let tags = try of(document, max: S3Limits.objectTagsMax) ?? []
        return tags.map {
            "\(CanonicalRequest.encode($0.key))=\(CanonicalRequest.encode($0.value))"
        }.joined(separator: "&")
    }

    static func document(_ tags: [ObjectTag]) -> Tagging {
        Tagging(tags: tags.map { .init(Key: $0.key, Value: $0.value) })
    }

    private static func checked(_ tags: [ObjectTag], max: Int) throws(S3Error) -> [ObjectTag]? {
        guard tags.count <= max else {
            throw S3Error(.invalidTag, "There can be at most \(max) tags, not \(tags.count).")
        }
        for tag in tags {
            guard (1...S3Limits.tagKeyMax).contains(tag.key.unicodeScalars.count),
                isSound(tag.key), !tag.key.lowercased().hasPrefix("aws:")
            else {
                throw S3Error(
                    .invalidTag,
                    "The TagKey you have provided is invalid: it must have 1 to "
                        + "\(S3Limits.tagKeyMax) letters, digits, spaces and + - = . _ : / @, and "
                        + "not begin with aws:.",
                    details: ["TagKey": String(tag.key.prefix(S3Limits.tagKeyMax))])
            }
            guard tag.value.unicodeScalars.count <= S3Limits.tagValueMax, isSound(tag.value) else {
                throw S3Error(
                    .invalidTag,
                    "The TagValue you have provided is invalid: it must have at most "
                        + "\(S3Limits.tagValueMax) letters, digits, spaces and + - = . _ : / @.",
                    details: ["TagKey": tag.key])
            }
        }
        // By bytes, as keys of objects: texts that only look alike are two.
        let sorted = tags.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for (tag, next) in zip(sorted, sorted.dropFirst()) where tag.key == next.key {
            throw S3Error(
                .invalidTag, "Cannot provide multiple Tags with the same key",
                details: ["TagKey": tag.key])
        }
        return sorted.isEmpty ? nil : sorted
    }

    private static func isSound(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            let properties = scalar.properties
            return properties.isAlphabetic || properties.numericType != nil
                || properties.generalCategory == .nonspacingMark
                || properties.generalCategory == .spaceSeparator || punctuation.contains(scalar)
        }
    }
}

extension EmbeddedS3 {
    /// GetObjectTagging, PutObjectTagging and DeleteObjectTagging.
    func objectTagging(_ request: S3Request, _ payload: S3Payload) async throws -> Response {
        switch request.operation {
        case .putObjectTagging:
            let document = try await payload.document(
                Tagging.self, root: "Tagging", elementsMax: S3Limits.tagElementsMax)
            try await setTags(
                try S3Tags.of(document, max: S3Limits.objectTagsMax), request)
            return Response(status: .ok)
        case .deleteObjectTagging:
            try await setTags(nil, request)
            return Response(status: .noContent)
        default:
            guard let object = try await store.object(request.location) else {
                throw S3Error.noSuchKey(request)
            }
            return try .xml(S3Tags.document(object.attributes.tags ?? []), root: "Tagging")
        }
    }

    private func setTags(_ tags: [ObjectTag]?, _ request: S3Request) async throws {
        do {
            try await store.setTags(tags, of: request.location)
        } catch let error as StorageError where error.code == .noSuchObject {
            throw S3Error.noSuchKey(request)
        }
    }
}
