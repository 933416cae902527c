import FoundationEssentials
import TestSupport

/// The files of the checkout. A listing that fails, or that finds nothing, throws: a test of no
/// file would pass.
enum SourceTree {
    struct Missing: Error {
        let folder: String
    }

    /// Generated; only ever shrinks.
    static let generated: Set<String> = [
        "Sources/EdgeProtocol/attachment.grpc.swift", "Sources/EdgeProtocol/attachment.pb.swift",
        "Sources/EdgeProtocol/edge_agent.grpc.swift", "Sources/EdgeProtocol/edge_agent.pb.swift",
        "Sources/Vision/ONNX/onnx.pb.swift",
    ]

    /// The paths of the Swift files below a folder of the checkout, in their order, generated ones
    /// left out.
    ///
    /// - Throws: what the file system says; `Missing` for a folder without Swift files.
    static func files(below folder: String) throws -> [String] {
        let names = try FileManager.default.subpathsOfDirectory(
            atPath: "\(Checkout.root)/\(folder)")
        let paths = names.filter { $0.hasSuffix(".swift") }.map { "\(folder)/\($0)" }
        let own = paths.filter { !generated.contains($0) }.sorted()
        guard !own.isEmpty else { throw Missing(folder: folder) }
        return own
    }

    /// A listing as the arguments of a test: those are made before it runs, where nothing may
    /// throw. Where the listing fails there are none, and `theTreeIsListed` fails.
    static func arguments(below folders: String...) -> [String] {
        (try? folders.flatMap(files)) ?? []
    }

    static func text(of path: String) throws -> String {
        String(decoding: try Checkout.bytes(path), as: UTF8.self)
    }

    static func lines(of path: String) throws -> [Substring] {
        try text(of: path).split(separator: "\n", omittingEmptySubsequences: false)
    }
}
