import Foundation
import FoundationXML

/// Looks a document over before it is decoded: its root, its depth and its number of elements.
/// Decoding recurses once a level and keeps every element, so both need a bound before it.
final class XMLShape: NSObject, XMLParserDelegate {
    /// The deepest document of S3 has four levels.
    private static let depthMax = 16

    private let root: String?
    private let elementsMax: Int
    private var depth = 0
    private var elements = 0
    private var isSound = true

    private init(root: String?, elementsMax: Int) {
        self.root = root
        self.elementsMax = elementsMax
    }

    static func isSound(_ bytes: Data, root: String?, elementsMax: Int) -> Bool {
        // In another encoding the parser would see other characters than these.
        guard let text = String(validating: bytes, as: UTF8.self),
            // No document of S3 has one, and entities make a small document a large one.
            !text.contains("<!DOCTYPE"), !text.contains("<!ENTITY"),
            declaresUTF8(text), XMLTags.areShort(bytes)
        else { return false }
        let shape = XMLShape(root: root, elementsMax: elementsMax)
        let parser = XMLParser(data: bytes)
        parser.delegate = shape
        return parser.parse() && shape.isSound && shape.elements > 0
    }

    private static func declaresUTF8(_ text: String) -> Bool {
        guard text.hasPrefix("<?xml"), let end = text.range(of: "?>") else { return true }
        let declaration = text[..<end.lowerBound].lowercased()
        return !declaration.contains("encoding") || declaration.contains("utf-8")
    }

    func parser(
        _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
    ) {
        depth += 1
        elements += 1
        if depth == 1, let root, elementName != root { isSound = false }
        if depth > Self.depthMax || elements > elementsMax { isSound = false }
        if !isSound { parser.abortParsing() }
    }

    func parser(
        _ parser: XMLParser, didEndElement elementName: String, namespaceURI: String?,
        qualifiedName: String?
    ) { depth -= 1 }
}
