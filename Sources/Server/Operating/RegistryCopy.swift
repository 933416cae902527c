import FoundationEssentials
import Glibc

/// The embedded registry on its way into a backup: each version with its record, recipe and
/// artifacts, or not at all. The layout is `RegistryFolder`'s.
struct RegistryCopy {
    /// What is asked of a record.
    private struct Record: Decodable {
        struct Artifact: Decodable {
            let file: String
            let size: Int
        }
        let artifacts: [Artifact]?
    }

    let source: String
    let target: String
    let transfer: FileTransfer

    /// - Returns: how many versions the backup has then.
    func run() throws -> Int {
        var count = 0
        for name in names(in: "\(source)/components") {
            for file in names(in: "\(source)/components/\(name)") where file.hasSuffix(".json") {
                if try bring(name, version: String(file.dropLast(5))) { count += 1 }
            }
        }
        for token in names(in: "\(source)/tokens") where token.hasSuffix(".json") {
            _ = try transfer.bring(
                "\(source)/tokens/\(token)", to: "\(target)/tokens/\(token)", mayLink: true)
        }
        return count
    }

    /// - Returns: false for a version that was deleted meanwhile.
    private func bring(_ name: String, version: String) throws -> Bool {
        let record = "components/\(name)/\(version).json"
        let recipe = "recipes/\(name)-\(version).json"
        let artifacts = "artifacts/\(name)/\(version)"
        for _ in 0..<OperatingLimits.attemptsMax {
            guard let now = FileFacts(path: "\(source)/\(record)") else { break }
            if let there = FileFacts(path: "\(target)/\(record)"), there.isLike(now) {
                return true
            }
            try remove(record, recipe, artifacts)
            // The record comes last, as it does where versions are made.
            let hasRecipe = try bring(recipe)
            for file in try files(below: "\(source)/\(artifacts)") {
                _ = try bring("\(artifacts)/\(file)")
            }
            guard try bring(record),
                let brought = FileFacts(path: "\(target)/\(record)"), brought.isLike(now)
            else { continue }
            if hasRecipe, try isWhole(record, artifacts) { return true }
            // It is damaged where it is, when nobody has changed it meanwhile.
            if FileFacts(path: "\(source)/\(record)").map({ $0.isLike(now) }) ?? false {
                return true
            }
        }
        try remove(record, recipe, artifacts)
        guard FileFacts(path: "\(source)/\(record)") != nil else { return false }
        throw ServerError(
            "The component \(name) \(version) is changed all the time; try the backup again later.")
    }

    private func bring(_ path: String) throws -> Bool {
        try transfer.bring("\(source)/\(path)", to: "\(target)/\(path)", mayLink: true)
    }

    /// Whether the backup has all artifacts that the record lists.
    private func isWhole(_ record: String, _ artifacts: String) throws -> Bool {
        guard let bytes = FileManager.default.contents(atPath: "\(target)/\(record)"),
            let listed = try? JSONDecoder().decode(Record.self, from: bytes).artifacts
        else { return true }
        return listed.allSatisfy {
            FileFacts(path: "\(target)/\(artifacts)/\($0.file)")?.size == $0.size
        }
    }

    private func remove(_ paths: String...) throws {
        for path in paths where FileFacts(path: "\(target)/\(path)") != nil {
            try FileManager.default.removeItem(atPath: "\(target)/\(path)")
        }
    }

    private func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// Paths below a folder; links are not followed.
    private func files(below folder: String, _ prefix: String = "") throws -> [String] {
        var found: [String] = []
        for name in names(in: folder) {
            guard let facts = FileFacts(path: "\(folder)/\(name)") else { continue }
            if facts.isFolder {
                found += try files(below: "\(folder)/\(name)", "\(prefix)\(name)/")
            } else {
                found.append("\(prefix)\(name)")
            }
        }
        return found
    }
}
