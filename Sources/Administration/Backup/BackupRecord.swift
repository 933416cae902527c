import Base
package import FoundationEssentials
import Storage

/// `backup.json`: what a backup is.
///
///     BACKUP/backup.json   written last
///     BACKUP/files.jsonl   a line for each file: path, size, SHA-256, time, mode
///     BACKUP/data/         the data directory
package struct BackupHeader: Sendable, Codable, Equatable {
    /// Raised when an older program could not restore what this one writes.
    package static let currentFormatVersion = 2
    /// Of backups whose files all have a checksum, which any program restores.
    private static let formatWithChecksums = 1
    /// Of backups with files that have no checksum.
    private static let formatWithoutChecksums = 2
    static let fileName = "backup.json"
    static let listName = "files.jsonl"
    static let dataName = "data"

    /// Readers refuse higher ones.
    package var formatVersion: Int
    /// Version of the program that made the backup.
    package var spotterVersion: String
    /// When it was begun.
    package var created: Date
    /// Number of lines in `files.jsonl`.
    package var files: Int
    /// Sum of the sizes of all files.
    package var bytes: Int
    /// Rows.
    package var projects: Int
    /// Rows, of all projects together.
    package var models: Int
    /// Component versions in the registry.
    package var components: Int
    /// Buckets, so that those without objects are known too.
    package var buckets: [String]
    /// What rows or components named and the data directory did not have.
    package var missing: [String]
    /// Steps of the database's schema.
    package var schema: [String]
    /// Of `files.jsonl`: lower-case hexadecimal.
    package var listSHA256: String

    static func format(hasAllChecksums: Bool) -> Int {
        hasAllChecksums ? formatWithChecksums : formatWithoutChecksums
    }

    static func read(_ folder: String) throws -> BackupHeader {
        let path = "\(folder)/\(fileName)"
        guard let file = try OpenFile.reading(path), file.status?.isFile ?? false else {
            throw AdministrationError(
                "\(folder) is not a backup of Spotter: it has no \(fileName). Give --from the folder "
                    + "that 'spotter backup' made.")
        }
        var bytes = Data()
        try file.forEachPiece(bytesMax: OperatingLimits.backupHeaderBytesMax + 1) { bytes += $0 }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        struct Format: Decodable { let formatVersion: Int }
        guard bytes.count <= OperatingLimits.backupHeaderBytesMax,
            let format = try? decoder.decode(Format.self, from: bytes)
        else { throw AdministrationError("\(path) is damaged.") }
        guard format.formatVersion <= currentFormatVersion else {
            throw AdministrationError(
                "\(path) has the format \(format.formatVersion); this Spotter reads formats up to "
                    + "\(currentFormatVersion). Restore it with the Spotter that made it, or a "
                    + "newer one.")
        }
        guard let header = try? decoder.decode(BackupHeader.self, from: bytes) else {
            throw AdministrationError("\(path) is damaged.")
        }
        return header
    }

    func encoded() throws -> Data {
        return try JSONCoding.encode(self, .indented, dates: .iso8601) + [UInt8(ascii: "\n")]
    }

    /// Writes `backup.json`, and reads it back.
    func write(in folder: String) throws {
        let (path, text) = ("\(folder)/\(Self.fileName)", try encoded())
        try OpenFile.creating(path, mode: 0o600).append(text)
        var content = RunningDigest()
        content.update(text)
        try content.value.checkWritten(to: path)
    }
}

/// A line of `files.jsonl`.
struct BackupEntry: Codable, Equatable {
    /// Below the data directory.
    var path: String
    /// Bytes.
    var size: Int
    /// Lower-case hexadecimal; nil for a file that was not read.
    var sha256: String?
    /// Nanoseconds since 1970. Times and sizes tie objects to what is kept of them.
    var modified: Int
    /// Permissions.
    var mode: UInt32

    /// Whether the bytes that were read are those of this file.
    func isMet(by content: FileDigest) -> Bool {
        content.size == size && (sha256 == nil || content.sha256 == sha256)
    }

    /// What a data directory has that is worth keeping.
    static let roots: Set<String> = [
        "spotter.sqlite", "credentials", "buckets", "internal", "greengrass", "backbones", "audit",
    ]

    /// Names from the data directory to the file.
    ///
    /// - Throws: `AdministrationError` for a path that leads anywhere else.
    func components() throws -> [String] {
        let parts = path.utf8.split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false
        ).map { String(Substring($0)) }
        let isSound =
            !path.utf8.contains(0) && parts.count <= OperatingLimits.foldersDeepMax
            && parts.allSatisfy { !["", ".", ".."].contains($0) && $0.utf8.count <= 255 }
            && Self.roots.contains(parts[0])
        guard isSound else {
            throw AdministrationError(
                "\(BackupHeader.listName) names '\(path.prefix(200))', which is not a path of a data "
                    + "directory.")
        }
        return parts
    }

    func line() throws -> Data {
        return try JSONCoding.encode(self) + [UInt8(ascii: "\n")]
    }

    /// Calls `body` with each entry of a list, in its order.
    ///
    /// - Returns: the SHA-256 of the list.
    static func forEach(in path: String, _ body: (BackupEntry) throws -> Void) throws -> String {
        guard let file = try OpenFile.reading(path), file.status?.isFile ?? false else {
            throw AdministrationError("\(path) is missing.")
        }
        let decoder = JSONDecoder()
        let damaged = AdministrationError("\(path) is damaged.")
        var (digest, rest) = (RunningDigest(), Data())
        try file.forEachPiece { piece in
            digest.update(piece)
            rest += piece
            var start = rest.startIndex
            while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
                guard let entry = try? decoder.decode(BackupEntry.self, from: rest[start..<end])
                else { throw damaged }
                try body(entry)
                start = end + 1
            }
            rest = Data(rest[start...])
            guard rest.count <= OperatingLimits.backupLineBytesMax else { throw damaged }
        }
        guard rest.isEmpty else { throw damaged }
        return digest.value.sha256
    }
}
