import FoundationEssentials
import TestSupport
import Testing

/// The house style, where a machine can check it.
@Suite struct TreeTests {
    static let lineColumnsMax = 100
    static let fileLinesMax = 320
    /// There were 412 in November 2026; far fewer means that a listing went wrong.
    static let sourceFilesMin = 300
    /// What must not be in the sources, and why.
    static let banned = [
        "try!": "data decides, so it can fail", "as!": "data decides, so it can fail",
        "fatalError(": "a server must not end for one request", " print(": "use the log or Output",
        " Task {": "background work is a Service", "DispatchQueue": "use the thread pool",
        "// TODO": "file an issue",
        " UUID()": "without file descriptors it returns zeros; UUID.random() does not",
    ]

    @Test func theTreeIsListed() throws {
        #expect(try SourceTree.files(below: "Sources").count >= Self.sourceFilesMin)
        #expect(try !SourceTree.files(below: "Tests").isEmpty)
        for path in SourceTree.generated {
            #expect(FileManager.default.fileExists(atPath: "\(Checkout.root)/\(path)"), "\(path)")
        }
    }

    @Test(arguments: SourceTree.arguments(below: "Sources", "Tests"))
    func filesStayReadable(path: String) throws {
        let lines = try SourceTree.lines(of: path)
        #expect(lines.count <= Self.fileLinesMax)
        for (index, line) in lines.enumerated() {
            // A text that a user reads may be one long literal.
            let isLiteral = line.contains("\"")
            #expect(line.count <= Self.lineColumnsMax || isLiteral, "\(path):\(index + 1)")
            #expect(!line.contains("\t"), "\(path):\(index + 1) has a tab")
        }
    }

    @Test(arguments: SourceTree.arguments(below: "Sources"))
    func sourcesAvoidWhatIsBanned(path: String) throws {
        let text = try SourceTree.text(of: path)
        for (token, reason) in Self.banned {
            #expect(!text.contains(token), "\(token) in \(path): \(reason)")
        }
    }

    @Test func theManifestStaysShort() throws {
        #expect(try SourceTree.lines(of: "Package.swift").count <= 210)
    }
}
