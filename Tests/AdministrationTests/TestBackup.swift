import Base
import Foundation
import Storage

@testable import Administration

/// A backup whose files a test damages or forges.
struct TestBackup {
    let path: String

    /// What becomes the data directory.
    var data: String { "\(path)/data" }

    func header() throws -> BackupHeader { try BackupHeader.read(path) }

    func entries() throws -> [BackupEntry] {
        var entries: [BackupEntry] = []
        _ = try BackupEntry.forEach(in: "\(path)/files.jsonl") { entries.append($0) }
        return entries
    }

    /// Writes a list that fits its checksum, as an attacker would.
    func reseal(
        _ changeHeader: (inout BackupHeader) -> Void = { _ in },
        _ changeEntries: (inout [BackupEntry]) throws -> Void = { _ in }
    ) throws {
        var (header, entries) = (try header(), try entries())
        changeHeader(&header)
        try changeEntries(&entries)
        let list = try entries.map { try $0.line() }.reduce(Data(), +)
        try list.write(to: URL(filePath: "\(path)/files.jsonl"))
        header.files = entries.count
        header.listSHA256 = Checksum.sha256(list)
        try header.encoded().write(to: URL(filePath: "\(path)/backup.json"))
    }

    /// Makes the list agree with a file that was changed.
    func reseal(_ name: String) throws {
        let bytes = try Data(contentsOf: URL(filePath: "\(data)/\(name)"))
        try reseal { _ in
        } _: { entries in
            guard let index = entries.firstIndex(where: { $0.path == name }) else { return }
            entries[index].size = bytes.count
            entries[index].sha256 = Checksum.sha256(bytes)
        }
    }

    /// Adds a file of four bytes to the list.
    func list(_ path: String, sha256: String) throws {
        try reseal { _ in
        } _: { entries in
            entries.append(
                BackupEntry(path: path, size: 4, sha256: sha256, modified: 0, mode: 0o644))
        }
    }
}
