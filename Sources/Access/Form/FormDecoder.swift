package import FoundationEssentials
import Glibc

/// Takes a `multipart/form-data` payload apart as its bytes arrive, as RFC 7578 has it: fields,
/// then the file, whose bytes are handed out in pieces. What comes after the file counts for
/// nothing.
///
/// A state machine without I/O. Every error is the sender's; after one the decoder is of no use.
package struct FormDecoder: Sendable {
    /// What `decode` found.
    package enum Event: Sendable, Equatable {
        /// A field and its whole value.
        case field(name: String, value: String)
        /// The file begins; the name is the last part of the path that the browser had for it.
        case file(name: String)
        /// Bytes of the file, not empty.
        case bytes(Data)
        /// The file is complete.
        case end
    }

    /// Why a form was not accepted.
    package struct Failure: Error, Sendable, Equatable {
        /// Whether the fields before the file have more bytes than are allowed.
        package let isTooLarge: Bool
        /// A whole sentence that may be sent to the client.
        package let message: String
    }

    /// Bytes of everything but the file, as S3 has it.
    package static let fieldsBytesMax = 20 << 10
    /// As RFC 2046 has it.
    private static let boundaryBytesMax = 70
    /// Bytes of the lines above a field's value; a browser's have about 150.
    private static let headersBytesMax = 4 << 10

    private enum State: Sendable {
        /// Between two parts: the delimiter has been read.
        case delimiter
        case headers
        case value(name: String)
        case file
        /// After the file, or after the last delimiter.
        case over
    }

    private let delimiter: Data
    private var buffer: Data
    private var state = State.value(name: "")
    private var isPreamble = true
    private var fieldsCount = 0
    private var hasFile = false

    /// - Parameter contentType: the request's header.
    /// - Returns: nil for another type, or one without a boundary.
    package init?(contentType: String) {
        let parts = contentType.split(separator: ";")
        guard
            parts.first?.lowercased().filter({ $0 != " " }) == "multipart/form-data",
            let parameter = parts.dropFirst().first(where: {
                $0.lowercased().drop { $0 == " " }.hasPrefix("boundary=")
            })
        else { return nil }
        var boundary = parameter.drop { $0 != "=" }.dropFirst().filter { $0 != "\"" }
        while boundary.last == " " { boundary.removeLast() }
        guard (1...Self.boundaryBytesMax).contains(boundary.utf8.count) else { return nil }
        delimiter = Data("\r\n--\(boundary)".utf8)
        // The first delimiter has no line before it.
        buffer = Data("\r\n".utf8)
    }

    /// - Parameter bytes: the next ones of the body.
    package mutating func decode(_ bytes: Data) throws(Failure) -> [Event] {
        buffer += bytes
        var events: [Event] = []
        while try step(&events) {}
        return events
    }

    /// - Throws: `Failure` for a form that ended before its last delimiter.
    package func finish() throws(Failure) {
        guard case .over = state, hasFile else {
            throw Self.malformed(
                hasFile
                    ? "it ended within its file"
                    : "POST requires exactly one file upload per request")
        }
    }

    private static func malformed(_ what: String) -> Failure {
        Failure(isTooLarge: false, message: "The body of the form is not well-formed: \(what).")
    }

    /// - Returns: whether there may be more in the bytes that came.
    private mutating func step(_ events: inout [Event]) throws(Failure) -> Bool {
        switch state {
        case .over:
            buffer = Data()
            return false
        case .delimiter: return try readDelimiterEnd(&events)
        case .headers: return try readHeaders(&events)
        case .value(let name): return try readValue(name, &events)
        case .file: return readFile(&events)
        }
    }

    private mutating func readDelimiterEnd(_ events: inout [Event]) throws(Failure) -> Bool {
        guard buffer.count >= 2 else { return false }
        let two = Array(buffer.prefix(2))
        buffer = Data(buffer.dropFirst(2))
        if two == Array("--".utf8) {
            state = .over
        } else if two == Array("\r\n".utf8) {
            state = hasFile ? .over : .headers
        } else {
            throw Self.malformed("a boundary is not followed by the end of the line")
        }
        return true
    }

    private mutating func readHeaders(_ events: inout [Event]) throws(Failure) -> Bool {
        guard let end = Self.position(of: Data("\r\n\r\n".utf8), in: buffer) else {
            guard buffer.count <= Self.headersBytesMax else {
                throw Self.malformed(
                    "the lines above a field have more than \(Self.headersBytesMax) bytes")
            }
            return false
        }
        let lines = buffer.prefix(end)
        // The line end before a delimiter stays for an empty value.
        buffer = Data(buffer.dropFirst(end + 4))
        try count(lines.count)
        guard let text = String(validating: lines, as: UTF8.self),
            let line = text.split(separator: "\r\n").first(where: {
                $0.lowercased().hasPrefix("content-disposition:")
            }), let name = Self.parameter("name", of: line)
        else { throw Self.malformed("a field has no Content-Disposition with a name in UTF-8") }
        if name.lowercased() == "file" {
            let path = Self.parameter("filename", of: line) ?? ""
            events.append(.file(name: String(path.split { "/\\".contains($0) }.last ?? "")))
            hasFile = true
            state = .file
        } else {
            state = .value(name: name)
        }
        return true
    }

    private mutating func readValue(_ name: String, _ events: inout [Event]) throws(Failure) -> Bool
    {
        guard let end = Self.position(of: delimiter, in: buffer) else {
            try checkCount(buffer.count)
            return false
        }
        let value = buffer.prefix(end)
        buffer = Data(buffer.dropFirst(end + delimiter.count))
        try count(value.count)
        state = .delimiter
        guard !isPreamble else {
            isPreamble = false
            return true
        }
        guard let text = String(validating: value, as: UTF8.self) else {
            throw Self.malformed("the field '\(name.prefix(80))' is not UTF-8")
        }
        events.append(.field(name: name, value: text))
        return true
    }

    private mutating func readFile(_ events: inout [Event]) -> Bool {
        if let end = Self.position(of: delimiter, in: buffer) {
            if end > 0 { events.append(.bytes(Data(buffer.prefix(end)))) }
            events.append(.end)
            buffer = Data(buffer.dropFirst(end + delimiter.count))
            state = .delimiter
            return true
        }
        // The last bytes may be the beginning of a delimiter.
        let sure = buffer.count - delimiter.count + 1
        guard sure > 0 else { return false }
        events.append(.bytes(Data(buffer.prefix(sure))))
        buffer = Data(buffer.dropFirst(sure))
        return false
    }

    private mutating func count(_ bytes: Int) throws(Failure) {
        try checkCount(bytes)
        fieldsCount += bytes
    }

    private func checkCount(_ more: Int) throws(Failure) {
        guard fieldsCount + more <= Self.fieldsBytesMax else {
            throw Failure(
                isTooLarge: true,
                message: "Your POST request fields preceding the upload file exceeded the maximum "
                    + "length of \(Self.fieldsBytesMax) bytes.")
        }
    }

    /// Where `part` begins in `bytes`, counted from their start.
    private static func position(of part: Data, in bytes: Data) -> Int? {
        bytes.withUnsafeBytes { all in
            part.withUnsafeBytes { wanted in
                guard let start = all.baseAddress, let text = wanted.baseAddress,
                    let first = wanted.first
                else { return nil }
                var offset = 0
                while offset + wanted.count <= all.count,
                    let found = memchr(
                        start + offset, Int32(first), all.count - wanted.count + 1 - offset)
                {
                    offset = UnsafeRawPointer(found) - start
                    if memcmp(start + offset, text, wanted.count) == 0 { return offset }
                    offset += 1
                }
                return nil
            }
        }
    }

    /// A parameter of a header, in quotation marks or without.
    private static func parameter(_ name: String, of line: Substring) -> String? {
        var rest = line[...]
        while let semicolon = rest.firstIndex(of: ";") {
            rest = rest[rest.index(after: semicolon)...].drop { $0 == " " || $0 == "\t" }
            guard rest.lowercased().hasPrefix("\(name)=") else { continue }
            let value = rest.dropFirst(name.count + 1)
            guard value.first == "\"" else {
                return String(value.prefix { $0 != ";" && $0 != " " })
            }
            var text = ""
            var isEscaped = false
            for character in value.dropFirst() {
                if !isEscaped, character == "\"" { return text }
                // Browsers escape the quotation mark only, and leave other backslashes.
                if isEscaped, character != "\"" { text.append("\\") }
                isEscaped = !isEscaped && character == "\\"
                if !isEscaped { text.append(character) }
            }
            return nil
        }
        return nil
    }
}
