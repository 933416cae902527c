import Foundation
import Service
import Vision

/// A Ground Truth manifest in a file, and the files that it names.
///
/// A reference is a path relative to the folder above the manifest's, or `s3://BUCKET/KEY`, which
/// is KEY in the nearest folder above the manifest that is named BUCKET: a server's bucket.
struct ManifestFile {
    struct Line {
        /// The first line is 1.
        let number: Int
        let parsed: ManifestLine
    }

    /// What a reference means.
    struct Target {
        let file: String
        /// The path below the bucket's folder, or below the one above the manifest's.
        let key: String
    }

    let path: String
    let lines: [Line]

    /// - Throws: `ManifestError` naming the file and every line that is wrong.
    init(path: String) throws {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ManifestError("The manifest \(path) cannot be read.")
        }
        self.path = path
        var reader = ManifestReader(name: path, linesMax: .max)
        let read = try reader.lines(in: bytes) + reader.lastLine()
        var faults = FaultList()
        var lines: [Line] = []
        for line in read {
            switch line.content {
            case .success(let parsed): lines.append(Line(number: line.number, parsed: parsed))
            case .failure(let error):
                faults.add("Line \(line.number) of \(path): \(error.message)")
            }
        }
        if let message = faults.message({ "\($0) lines of \(path) cannot be used:" }) {
            throw ManifestError(message)
        }
        self.lines = lines
    }

    /// An error about a line.
    func error(_ line: Line, _ message: String) -> ManifestError {
        ManifestError("Line \(line.number) of \(path): \(message)")
    }

    /// What `line` means by `reference`.
    ///
    /// - Throws: `ManifestError` when it leads out of its folder or does not exist.
    func target(_ reference: String, _ line: Line) throws -> Target {
        let folder = URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent()
        var (base, key) = (folder.deletingLastPathComponent().path, reference)
        if reference.hasPrefix("s3://") {
            let parts = reference.dropFirst(5).split(separator: "/", maxSplits: 1)
            guard parts.count == 2, let bucket = Self.ancestor(of: folder, named: parts[0]) else {
                throw error(
                    line,
                    "'\(reference)' is looked for in the bucket's folder, but the manifest lies in "
                        + "no folder of that name.")
            }
            (base, key) = (bucket, String(parts[1]))
        }
        guard !key.split(separator: "/").contains(".."), !key.hasPrefix("/") else {
            throw error(line, "'\(key)' leads out of the manifest's folder.")
        }
        let file = "\(base)/\(key)"
        guard FileManager.default.fileExists(atPath: file) else {
            throw error(line, "The file \(file) does not exist.")
        }
        return Target(file: file, key: key)
    }

    private static func ancestor(of folder: URL, named name: Substring) -> String? {
        var folder = folder
        while folder.path != "/" {
            if folder.lastPathComponent == name { return folder.path }
            folder = folder.deletingLastPathComponent()
        }
        return nil
    }
}
