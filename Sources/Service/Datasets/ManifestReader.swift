import FoundationEssentials
import Storage
import Vision

/// Turns JSON lines into dataset entries, given piece by piece.
///
/// Every method throws `JobError` naming the line and what is wrong with it.
struct ManifestReader {
    let name: String
    /// More lines are too many.
    let linesMax: Int
    let maskLabelsMax: Int
    let created: Date

    private var pending = Data()
    private var lineNumber = 0
    private var count = 0

    init(name: String, linesMax: Int, maskLabelsMax: Int, created: Date) {
        self.name = name
        self.linesMax = linesMax
        self.maskLabelsMax = maskLabelsMax
        self.created = created
    }

    /// - Returns: the entries of the lines that end in `chunk`.
    mutating func entries(in chunk: Data) throws -> [DatasetEntry] {
        var entries: [DatasetEntry] = []
        var rest = chunk[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            pending.append(rest[..<end])
            rest = rest[rest.index(after: end)...]
            if let entry = try entry() { entries.append(entry) }
        }
        pending.append(rest)
        guard pending.count <= VisionLimits.manifestLineBytesMax + 1 else {
            lineNumber += 1
            throw error("is longer than \(VisionLimits.manifestLineBytesMax) bytes.")
        }
        return entries
    }

    /// - Returns: what stood after the last line's end.
    mutating func lastEntry() throws -> [DatasetEntry] {
        let last = try entry()
        guard count > 0 else { throw JobError("\(name) has no lines.") }
        return last.map { [$0] } ?? []
    }

    private mutating func entry() throws -> DatasetEntry? {
        defer { pending.removeAll(keepingCapacity: true) }
        lineNumber += 1
        guard let text = String(bytes: pending, encoding: .utf8) else {
            throw error("is not UTF-8 text.")
        }
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return nil }
        let line = text[first...last]
        count += 1
        guard count <= linesMax else {
            throw JobError("\(name) has more than \(linesMax) lines, which is the limit of images.")
        }
        let parsed: ManifestLine
        do throws(ManifestLineError) {
            parsed = try ManifestLine(parsing: line)
            try ManifestRules(maskLabelsMax: maskLabelsMax).check(parsed)
        } catch {
            throw JobError("Line \(lineNumber) of \(name): \(error.message)")
        }
        return DatasetEntry(
            sourceRef: parsed.source, line: parsed.text, verdict: parsed.verdict?.rawValue,
            created: created)
    }

    private func error(_ reason: String) -> JobError {
        JobError("Line \(lineNumber) of \(name) \(reason)")
    }
}
