package import FoundationEssentials
import XMLCoder

/// The XML of S3 and STS.
package enum S3XML {
    package static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

    /// - Parameters:
    ///   - root: name of the document's element.
    ///   - namespace: nil for none, as errors have it.
    package static func encode(
        _ value: some Encodable, root: String, namespace: String? = namespace
    ) throws -> Data {
        let encoder = XMLEncoder()
        return try encoder.encode(
            value, withRootKey: root, rootAttributes: namespace.map { ["xmlns": $0] },
            header: XMLHeader(version: 1.0, encoding: "UTF-8"))
    }

    /// - Throws: `malformedXML` for anything that is not such a document.
    package static func decode<Document: Decodable>(
        _ type: Document.Type, from bytes: Data
    ) throws(S3Error) -> Document {
        let malformed = S3Error(
            .malformedXML,
            "The XML you provided was not well-formed or did not validate against our published "
                + "schema")
        // No document of S3 has one, and entities are the way to make a small document a large one.
        guard bytes.firstRange(of: Data("<!DOCTYPE".utf8)) == nil else { throw malformed }
        let decoder = XMLDecoder(trimValueWhitespaces: false)
        do {
            return try decoder.decode(type, from: bytes)
        } catch {
            throw malformed
        }
    }
}
