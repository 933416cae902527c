import FoundationEssentials

/// Bounds the pieces of a document before anything parses it: parsers compare each attribute of a
/// tag with all others, and put the text of an element together piece by piece, so that one long
/// tag or text costs seconds. Takes time with the document's size only.
enum XMLTags {
    /// Bytes of one tag. The longest of S3 has a namespace and a type: about 200.
    static let tagBytesMax = 1 << 10
    /// Attributes of one tag. S3's have at most two.
    static let attributesMax = 16
    /// Bytes between two tags. A key has at most 1,024, each of which may be written as a
    /// reference of ten bytes.
    static let textBytesMax = 16 << 10

    private static let commentStart = Array("<!--".utf8)
    private static let commentEnd = Array("-->".utf8)
    private static let sectionStart = Array("<![CDATA[".utf8)
    private static let sectionEnd = Array("]]>".utf8)
    private static let instructionEnd = Array("?>".utf8)

    /// - Returns: false for a tag, an attribute count or a text beyond the bounds, and for a tag or
    ///   a section without an end.
    static func areShort(_ document: Data) -> Bool {
        document.withUnsafeBytes { bytes in
            var index = 0
            var text = 0
            while index < bytes.count {
                guard bytes[index] == UInt8(ascii: "<") else {
                    index += 1
                    text += 1
                    guard text <= textBytesMax else { return false }
                    continue
                }
                if let end = opaqueEnd(bytes, index) {
                    // Neither a comment nor a section ends the text around it.
                    text += end - index
                    guard end <= bytes.count, text <= textBytesMax else { return false }
                    index = end
                } else {
                    guard let end = tagEnd(bytes, index) else { return false }
                    index = end
                    text = 0
                }
            }
            return true
        }
    }

    /// Where a comment, a section or an instruction that begins here ends, beyond the document when
    /// it does not; nil for a tag.
    private static func opaqueEnd(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int? {
        let end: [UInt8]
        if hasWord(commentStart, bytes, start) {
            end = commentEnd
        } else if hasWord(sectionStart, bytes, start) {
            end = sectionEnd
        } else if start + 1 < bytes.count, bytes[start + 1] == UInt8(ascii: "?") {
            end = instructionEnd
        } else {
            return nil
        }
        var index = start + 2
        let last = min(bytes.count, start + textBytesMax + 1)
        while index < last {
            if hasWord(end, bytes, index) { return index + end.count }
            index += 1
        }
        return .max
    }

    private static func hasWord(_ word: [UInt8], _ bytes: UnsafeRawBufferPointer, _ start: Int)
        -> Bool
    {
        start + word.count <= bytes.count
            && word.indices.allSatisfy { bytes[start + $0] == word[$0] }
    }

    private static func tagEnd(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int? {
        var quote: UInt8?
        var attributes = 0
        for index in start..<min(bytes.count, start + tagBytesMax) {
            let byte = bytes[index]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
                attributes += 1
                guard attributes <= attributesMax else { return nil }
            } else if byte == UInt8(ascii: ">") {
                return index + 1
            }
        }
        return nil
    }
}
