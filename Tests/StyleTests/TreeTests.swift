import FoundationEssentials
import TestSupport
import Testing

/// The house style, where a machine can check it.
@Suite struct TreeTests {
    static let lineColumnsMax = 100
    static let fileLinesMax = 320
    /// What must not be in the sources, and why.
    static let banned = [
        "try!": "data decides, so it can fail", "as!": "data decides, so it can fail",
        "fatalError(": "a server must not end for one request", " print(": "use the log or Output",
        " Task {": "background work is a Service", "DispatchQueue": "use the thread pool",
        "// TODO": "file an issue",
    ]
    /// Only ever shrinks.
    static let exceptions = [
        "Sources/EdgeProtocol/attachment.grpc.swift", "Sources/EdgeProtocol/attachment.pb.swift",
        "Sources/EdgeProtocol/edge_agent.grpc.swift", "Sources/EdgeProtocol/edge_agent.pb.swift",
        "Sources/Vision/ONNX/onnx.pb.swift",
    ]

    private static func files(below folder: String) -> [String] {
        let root = "\(Checkout.root)/\(folder)"
        let names = try? FileManager.default.subpathsOfDirectory(atPath: root)
        return (names ?? []).filter { $0.hasSuffix(".swift") }.map { "\(folder)/\($0)" }
            .filter { !exceptions.contains($0) }.sorted()
    }

    @Test(arguments: files(below: "Sources") + files(below: "Tests"))
    func filesStayReadable(path: String) throws {
        let text = String(decoding: try Checkout.bytes(path), as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= Self.fileLinesMax)
        for (index, line) in lines.enumerated() {
            // A text that a user reads may be one long literal.
            let isLiteral = line.contains("\"")
            #expect(line.count <= Self.lineColumnsMax || isLiteral, "\(path):\(index + 1)")
            #expect(!line.contains("\t"), "\(path):\(index + 1) has a tab")
        }
    }

    @Test(arguments: files(below: "Sources"))
    func sourcesAvoidWhatIsBanned(path: String) throws {
        let text = String(decoding: try Checkout.bytes(path), as: UTF8.self)
        for (token, reason) in Self.banned {
            #expect(!text.contains(token), "\(token) in \(path): \(reason)")
        }
    }

    @Test func theManifestStaysShort() throws {
        let text = String(decoding: try Checkout.bytes("Package.swift"), as: UTF8.self)
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 200)
    }

    @Test func onlyStorageKnowsTheDatabaseAndOnlyServerKnowsHTTP() throws {
        for (module, home) in [("GRDB", "Sources/Storage/"), ("Hummingbird", "Sources/Server/")] {
            for path in Self.files(below: "Sources") where !path.hasPrefix(home) {
                let text = String(decoding: try Checkout.bytes(path), as: UTF8.self)
                #expect(!text.contains("import \(module)\n"), "\(path)")
            }
        }
    }

    @Test func whatTheDeviceLinksKeepsFullFoundationOut() throws {
        for folder in ["Vision", "EdgeAgent", "spotter-edge"] {
            for path in Self.files(below: "Sources/\(folder)") {
                let text = String(decoding: try Checkout.bytes(path), as: UTF8.self)
                for module in ["Foundation", "Storage", "Service", "Server"] {
                    #expect(!text.contains("import \(module)\n"), "\(path)")
                }
            }
        }
    }
}
