import FoundationEssentials
import Testing

@testable import Service

@Suite struct ManifestReaderTests {
    private static func line(_ number: Int) -> String { #"{"source-ref":"s3://b/\#(number)"}"# }

    /// Lines that were read in pieces of `size` bytes: numbers and sources, or messages.
    private func read(_ bytes: Data, pieces size: Int) throws -> [String] {
        var reader = ManifestReader(name: "m", linesMax: 5)
        var lines: [ManifestReader.Line] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            lines += try reader.lines(in: bytes[start..<min(start + size, bytes.count)])
        }
        lines += try reader.lastLine()
        return lines.map { line in
            switch line.content {
            case .success(let content): "\(line.number) \(content.source)"
            case .failure(let error): "\(line.number) \(error.message)"
            }
        }
    }

    private func read(_ text: String) throws -> [String] { try read(Data(text.utf8), pieces: 7) }

    @Test(arguments: ["\n", "\r\n", "\r"], [1, 2, 3, 1000])
    func everyKindOfLineEndIsOne(end: String, pieces: Int) throws {
        let text = [Self.line(1), "", "  ", Self.line(4), Self.line(5)].joined(separator: end)
        for tail in ["", end, end + end] {
            let lines = try read(Data((text + tail).utf8), pieces: pieces)
            #expect(lines == ["1 s3://b/1", "4 s3://b/4", "5 s3://b/5"])
        }
    }

    @Test func aByteOrderMarkIsPassedOver() throws {
        #expect(try read("\u{FEFF}" + Self.line(1)) == ["1 s3://b/1"])
    }

    @Test func readingGoesOnBehindABadLine() throws {
        let long = #"{"source-ref":"\#(String(repeating: "x", count: 9000))"}"#
        let lines = try read([Self.line(1), long, "{}", Self.line(4)].joined(separator: "\n"))
        #expect(lines.count == 4 && lines[0] == "1 s3://b/1" && lines[3] == "4 s3://b/4")
        #expect(lines[1].contains("8192 bytes") && lines[2].contains("source-ref"))
    }

    @Test(arguments: [
        ("[{}]", "JSON list"), (" [\n{}\n]", "JSON list"), ("{\n}", "on several lines"),
        ("", "no lines"), ("\n\r\n", "no lines"), ("1\n2\n3\n4\n5\n6", "more than 5 lines"),
    ])
    func whatIsNotAManifestIsSaidOnce(text: String, words: String) {
        let error = #expect(throws: ManifestError.self) { try read(text) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test func otherEncodingsAreNamed() throws {
        let bytes = Self.line(1).utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        let error = #expect(throws: ManifestError.self) {
            try read(Data([0xFF, 0xFE] + bytes), pieces: 100)
        }
        #expect(error?.description.contains("UTF-16") == true)
        #expect(try read(Data([0xFF]), pieces: 1)[0].contains("not UTF-8"))
    }
}
