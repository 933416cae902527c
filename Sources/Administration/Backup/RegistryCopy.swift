import Base
import FoundationEssentials
import Glibc
import Storage

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

    struct Result {
        /// Versions that the backup has then.
        var count = 0
        /// What of them the data directory lacks or has damaged, in words.
        var missing: [String] = []
    }

    let source: String
    let target: String
    let transfer: FileTransfer

    func run() throws -> Result {
        var result = Result()
        for name in names(in: "\(source)/components") {
            for file in names(in: "\(source)/components/\(name)") where file.hasSuffix(".json") {
                let missing = try bring(name, version: String(file.dropLast(5)))
                guard let missing else { continue }
                result.count += 1
                result.missing += missing
            }
        }
        for token in names(in: "\(source)/tokens") where token.hasSuffix(".json") {
            _ = try transfer.bring(
                "\(source)/tokens/\(token)", to: "\(target)/tokens/\(token)", mayLink: true)
        }
        return result
    }

    /// - Returns: what the version lacks where it is; nil for one that was deleted meanwhile.
    private func bring(_ name: String, version: String) throws -> [String]? {
        let record = "components/\(name)/\(version).json"
        let recipe = "recipes/\(name)-\(version).json"
        let artifacts = "artifacts/\(name)/\(version)"
        for _ in 0..<OperatingLimits.attemptsMax {
            guard let now = FileStatus(at: "\(source)/\(record)") else { break }
            if let there = FileStatus(at: "\(target)/\(record)"), there.isLike(now),
                missing(name, version).isEmpty
            {
                return []
            }
            try remove(record, recipe, artifacts)
            // The record comes last, as it does where versions are made.
            _ = try bring(recipe)
            for file in try files(below: "\(source)/\(artifacts)") {
                _ = try bring("\(artifacts)/\(file)")
            }
            guard try bring(record),
                let brought = FileStatus(at: "\(target)/\(record)"), brought.isLike(now)
            else { continue }
            let missing = missing(name, version)
            if missing.isEmpty { return [] }
            // It is damaged where it is, when nobody has changed it meanwhile.
            if FileStatus(at: "\(source)/\(record)").map({ $0.isLike(now) }) ?? false {
                return missing.map { "greengrass/\($0) of the component \(name) \(version)" }
            }
        }
        try remove(record, recipe, artifacts)
        guard FileStatus(at: "\(source)/\(record)") != nil else { return nil }
        throw AdministrationError(
            "The component \(name) \(version) is changed all the time; try the backup again later.")
    }

    private func bring(_ path: String) throws -> Bool {
        try transfer.bring("\(source)/\(path)", to: "\(target)/\(path)", mayLink: true)
    }

    /// Paths of what the backup lacks of a version: its recipe, artifacts that its record lists, or
    /// a record that can be read.
    private func missing(_ name: String, _ version: String) -> [String] {
        let record = "components/\(name)/\(version).json"
        guard let bytes = FileManager.default.contents(atPath: "\(target)/\(record)"),
            let listed = try? JSONDecoder().decode(Record.self, from: bytes)
        else { return [record] }
        let recipe = "recipes/\(name)-\(version).json"
        let artifacts = (listed.artifacts ?? []).filter {
            let path = "\(target)/artifacts/\(name)/\(version)/\($0.file)"
            return FileStatus(at: path)?.size != $0.size
        }
        return (FileStatus(at: "\(target)/\(recipe)") == nil ? [recipe] : [])
            + artifacts.map { "artifacts/\(name)/\(version)/\($0.file)" }
    }

    private func remove(_ paths: String...) throws {
        for path in paths where FileStatus(at: "\(target)/\(path)") != nil {
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
            guard let facts = FileStatus(at: "\(folder)/\(name)") else { continue }
            if facts.isFolder {
                found += try files(below: "\(folder)/\(name)", "\(prefix)\(name)/")
            } else {
                found.append("\(prefix)\(name)")
            }
        }
        return found
    }
}
