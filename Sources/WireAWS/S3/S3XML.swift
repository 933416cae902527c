package import FoundationEssentials
import XMLCoder

/// The XML of S3 and STS.
package enum S3XML {
    /// That of S3's documents, version 2006-03-01.
    package static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

    /// A document in UTF-8, its elements in the order of their names, so that equal values have
    /// equal bytes.
    ///
    /// - Parameters:
    ///   - root: name of the document's element.
    ///   - namespace: nil for none, as errors have it.
    /// - Throws: `EncodingError` for a value that XML cannot carry.
    package static func encode(
        _ value: some Encodable, root: String, namespace: String? = namespace
    ) throws -> Data {
        let encoder = XMLEncoder()
        encoder.outputFormatting = .sortedKeys
        return try encoder.encode(
            value, withRootKey: root, rootAttributes: namespace.map { ["xmlns": $0] },
            header: XMLHeader(version: 1.0, encoding: "UTF-8"))
    }

    /// Reads a document of a peer that need not be honest: depth, elements, encoding and entities
    /// are checked before it is decoded. Takes time with its size, so large ones belong on a thread
    /// pool.
    ///
    /// - Parameters:
    ///   - root: name that the document's element must have; nil for any.
    ///   - elementsMax: bound on elements in all; a page of a list has about twelve for each key.
    /// - Throws: `malformedXML` for anything that is not such a document.
    package static func decode<Document: Decodable>(
        _ type: Document.Type, from bytes: Data, root: String? = nil, elementsMax: Int = 50_000
    ) throws(S3Error) -> Document {
        let malformed = S3Error(
            .malformedXML,
            "The XML you provided was not well-formed or did not validate against our published "
                + "schema")
        guard XMLShape.isSound(bytes, root: root, elementsMax: elementsMax) else {
            throw malformed
        }
        let decoder = XMLDecoder(trimValueWhitespaces: false)
        do {
            return try decoder.decode(type, from: bytes)
        } catch {
            throw malformed
        }
    }
}
