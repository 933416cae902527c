package import FoundationEssentials
import Vision

/// Turns the bytes of a manifest, given piece by piece, into lines. Line ends are LF, CR LF or CR;
/// blank lines are counted and passed over.
package struct ManifestReader: Sendable {
    /// A line that is not blank.
    package struct Line: Sendable {
        /// The first is 1.
        package let number: Int
        /// What it says, or what is wrong with it.
        package let content: Result<ManifestLine, ManifestLineError>
    }

    private static let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
    /// A byte order mark and a blank are not the line's.
    private static let pendingBytesMax = VisionLimits.manifestLineBytesMax + 4

    private let name: String
    private let linesMax: Int
    private var pending = Data()
    private var isTooLong = false
    private var endedInCarriageReturn = false
    private var lineNumber = 0
    private var count = 0

    /// - Parameters:
    ///   - name: what messages call the manifest.
    ///   - linesMax: more lines are too many.
    package init(name: String, linesMax: Int) {
        self.name = name
        self.linesMax = linesMax
    }

    /// - Returns: the lines that end in `chunk`.
    /// - Throws: `ManifestError` for what is not a manifest at all, and for too many lines.
    package mutating func lines(in chunk: Data) throws(ManifestError) -> [Line] {
        var lines: [Line] = []
        var rest = chunk[...]
        if endedInCarriageReturn, rest.first == Self.lineFeed { rest = rest.dropFirst() }
        endedInCarriageReturn = chunk.isEmpty && endedInCarriageReturn
        while let end = rest.firstIndex(where: {
            $0 == Self.lineFeed || $0 == Self.carriageReturn
        }) {
            keep(rest[..<end])
            let isCarriageReturn = rest[end] == Self.carriageReturn
            rest = rest[(end + 1)...]
            if isCarriageReturn {
                endedInCarriageReturn = rest.isEmpty
                if rest.first == Self.lineFeed { rest = rest.dropFirst() }
            }
            if let line = try line() { lines.append(line) }
        }
        keep(rest)
        return lines
    }

    /// - Returns: what stood after the last line's end.
    /// - Throws: `ManifestError` as `lines` does, and for a manifest without lines.
    package mutating func lastLine() throws(ManifestError) -> [Line] {
        let last = try line()
        guard count > 0 else { throw ManifestError("\(name) has no lines.") }
        return last.map { [$0] } ?? []
    }

    private mutating func keep(_ part: Data) {
        isTooLong = isTooLong || pending.count + part.count > Self.pendingBytesMax
        if !isTooLong || pending.isEmpty {
            pending.append(part.prefix(Self.pendingBytesMax))
        }
    }

    private mutating func line() throws(ManifestError) -> Line? {
        defer {
            pending.removeAll(keepingCapacity: true)
            isTooLong = false
        }
        lineNumber += 1
        if lineNumber == 1 { try checkBeginning() }
        guard !isTooLong else {
            return try counted(
                .failure(
                    ManifestLineError(
                        "is longer than \(VisionLimits.manifestLineBytesMax) bytes")))
        }
        guard let text = String(bytes: pending, encoding: .utf8) else {
            return try counted(.failure(ManifestLineError("is not UTF-8 text")))
        }
        let trimmed = LineAttribute.trimmed(text)
        guard !trimmed.isEmpty else { return nil }
        return try counted(
            Result { () throws(ManifestLineError) in try ManifestLine(parsing: trimmed) })
    }

    private mutating func counted(_ content: Result<ManifestLine, ManifestLineError>)
        throws(ManifestError) -> Line
    {
        count += 1
        guard count <= linesMax else {
            throw ManifestError(
                "\(name) has more than \(linesMax) lines, which is the limit of images.")
        }
        return Line(number: lineNumber, content: content)
    }

    /// What is not a manifest would have a fault on every line.
    private mutating func checkBeginning() throws(ManifestError) {
        if pending.starts(with: [0xEF, 0xBB, 0xBF]) { pending.removeFirst(3) }
        if pending.starts(with: [0xFF, 0xFE]) || pending.starts(with: [0xFE, 0xFF]) {
            throw ManifestError("\(name) is UTF-16 text. Save it as UTF-8.")
        }
        let text = pending.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        if text.first == UInt8(ascii: "[") {
            throw ManifestError(
                "\(name) is a JSON list. A manifest has one JSON object on each line, without "
                    + "brackets and commas around them.")
        }
        if text.elementsEqual([UInt8(ascii: "{")]) {
            throw ManifestError(
                "\(name) has a JSON object on several lines, beginning with line 1. A manifest has "
                    + "one JSON object on each line.")
        }
    }
}
