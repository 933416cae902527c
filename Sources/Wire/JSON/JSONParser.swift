import FoundationEssentials

/// What is wrong with a text that should be JSON.
package struct JSONError: Error, CustomStringConvertible {
    /// A clause with the place, like `a string has no end (byte 17)`.
    package let message: String

    /// The message alone, for logs.
    package var description: String { message }
}

/// Reads JSON (RFC 8259) in UTF-8 in one pass: the time grows with the bytes, whatever is in them.
///
/// Foundation's decoder hands out values only to a caller that knows their types, and builds an
/// error with its whole path for each type that a caller tries in vain: 4 KB of nested lists took
/// it seconds. It also does not report a member that stands twice. What it takes beyond the
/// standard is taken here too, since documents of today may have it: a comma behind the last item.
struct JSONParser {
    /// Lists and objects in one another. No operation, manifest, recipe or policy needs a third of
    /// it, and the stack of a thread has room for many times as many.
    static let depthMax = 32

    private let bytes: UnsafeBufferPointer<UInt8>
    private let refusesDoubledMembers: Bool
    private var position = 0
    private var depth = 0

    /// Reads one document.
    ///
    /// - Parameter refusesDoubledMembers: otherwise the first of two members with one name counts.
    /// - Throws: `JSONError` for anything else than one document, and for a number that `Double`
    ///   does not hold.
    static func parse(_ bytes: Data, refusesDoubledMembers: Bool) throws(JSONError) -> JSONValue {
        let copy = [UInt8](bytes)
        let result = copy.withUnsafeBufferPointer { buffer -> Result<JSONValue, JSONError> in
            var parser = JSONParser(
                bytes: buffer, refusesDoubledMembers: refusesDoubledMembers)
            do throws(JSONError) {
                let value = try parser.value()
                parser.skipBlanks()
                guard parser.position == buffer.count else {
                    throw parser.error("there is more behind the document")
                }
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func error(_ message: String) -> JSONError {
        JSONError(message: "\(message) (byte \(position + 1))")
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard next == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        skipBlanks()
        guard let byte = next else { throw error("a value is missing") }
        switch byte {
        case UInt8(ascii: "{"):
            return try nested { parser throws(JSONError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { parser throws(JSONError) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error("a value begins with a character that begins none")
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONError) -> JSONValue
    ) throws(JSONError) -> JSONValue {
        guard depth < Self.depthMax else {
            throw error("lists and objects are nested deeper than \(Self.depthMax)")
        }
        position += 1
        depth += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        var members: [String: JSONValue] = [:]
        repeat {
            if take("}") { return .object(members) }
            guard next == UInt8(ascii: "\"") else { throw error("the name of a member is missing") }
            let name = try string()
            guard take(":") else { throw error("a colon is missing behind \"\(name.prefix(80))\"") }
            let value = try value()
            if members[name] == nil {
                members[name] = value
            } else if refusesDoubledMembers {
                throw error("the member \"\(name.prefix(80))\" stands twice")
            }
        } while take(",")
        guard take("}") else { throw error("a comma or a closing brace is missing") }
        return .object(members)
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        var items: [JSONValue] = []
        repeat {
            if take("]") { return .array(items) }
            items.append(try value())
        } while take(",")
        guard take("]") else { throw error("a comma or a closing bracket is missing") }
        return .array(items)
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError)
        -> JSONValue
    {
        let count = word.utf8CodeUnitCount
        guard position + count <= bytes.count,
            (0..<count).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
        else { throw error("a value begins with a character that begins none") }
        position += count
        return value
    }

    // MARK: Numbers

    private mutating func digits() -> Int {
        let start = position
        while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
        return position - start
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        let hasLeadingZero = next == UInt8(ascii: "0")
        let whole = digits()
        var isSound = whole > 0 && !(hasLeadingZero && whole > 1)
        if next == UInt8(ascii: ".") {
            position += 1
            isSound = digits() > 0 && isSound
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            isSound = digits() > 0 && isSound
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard isSound else { throw error("\(text.prefix(80)) is not a number") }
        if let integer = Int(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else {
            throw error("\(text.prefix(80)) is too large for a number")
        }
        return Int(exactly: number).map(JSONValue.integer) ?? .number(number)
    }

    // MARK: Strings

    private mutating func string() throws(JSONError) -> String {
        position += 1
        var text: [UInt8] = []
        var start = position
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                text += bytes[start..<position]
                guard let result = String(validating: text, as: UTF8.self) else {
                    throw error("a string is not UTF-8")
                }
                position += 1
                return result
            case UInt8(ascii: "\\"):
                text += bytes[start..<position]
                text += try escaped()
                start = position
            case 0..<0x20: throw error("a string has a control character that is not escaped")
            default: position += 1
            }
        }
        throw error("a string has no end")
    }

    /// UTF-8 of the character that a backslash begins.
    private mutating func escaped() throws(JSONError) -> [UInt8] {
        position += 1
        guard let byte = next else { throw error("a string has no end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): break
        default: throw error("a backslash stands before a character that it does not escape")
        }
        var units = [try unit()]
        if UTF16.isLeadSurrogate(units[0]), next == UInt8(ascii: "\\"),
            position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "u")
        {
            position += 2
            units.append(try unit())
        }
        guard let text = String(validating: units, as: UTF16.self) else {
            throw error("an escape is half of a pair")
        }
        return Array(text.utf8)
    }

    private mutating func unit() throws(JSONError) -> UInt16 {
        guard position + 4 <= bytes.count else { throw error("a string has no end") }
        let text = String(decoding: bytes[position..<position + 4], as: UTF8.self)
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let unit = UInt16(text, radix: 16)
        else { throw error("\\u stands without four hexadecimal digits") }
        position += 4
        return unit
    }
}
