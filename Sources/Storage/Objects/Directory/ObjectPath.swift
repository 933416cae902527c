import Base
import FoundationEssentials

/// A key that a directory can hold, and the way to its file.
struct ObjectPath: Sendable {
    /// Names that begin so are ours: no key has one, no list shows one.
    static let hiddenPrefix = ".spotter-"
    /// The object `FOLDER/`, which scripts make so that a folder exists, is this file in it.
    static let markerName = ".spotter-folder"

    /// The object `FOLDER`, where `FOLDER/…` are objects too, is this file in it.
    static let innerName = ".spotter-object"

    let text: String
    /// Names from the bucket to the file.
    let components: [String]

    /// - Throws: `invalidName`.
    init(_ key: String) throws(StorageError) {
        // By bytes: as characters, a slash before a combining mark would be no slash.
        var parts = key.utf8.split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false
        ).map { String(Substring($0)) }
        let isFolder = parts.count > 1 && parts[parts.count - 1].isEmpty
        if isFolder { parts.removeLast() }
        let isSound =
            ObjectKey(key) != nil
            && parts.allSatisfy {
                !$0.isEmpty && $0 != "." && $0 != ".."
                    && !$0.utf8.starts(with: Self.hiddenPrefix.utf8)
                    && $0.utf8.count <= DirectoryLimits.componentBytesMax
            }
        guard isSound else {
            throw StorageError(
                .invalidName,
                "'\(key.prefix(80))' is not a key that this store takes: the parts between slashes "
                    + "must not be empty, '.' or '..', begin with '\(Self.hiddenPrefix)', nor be "
                    + "longer than \(DirectoryLimits.componentBytesMax) bytes.")
        }
        text = key
        components = isFolder ? parts + [Self.markerName] : parts
    }

    /// What the file is called in its folder.
    var name: String { components[components.count - 1] }
    /// The file, seen from the bucket.
    var path: String { components.joined(separator: "/") }

    /// Names the records of this key.
    var hash: String { Checksum.sha256(Data(text.utf8)) }

    /// Whether the XML of a list can carry a key: no control characters but tabs and line ends, and
    /// neither U+FFFE nor U+FFFF.
    static func isListable(_ key: String) -> Bool {
        key.unicodeScalars.allSatisfy {
            switch $0.value {
            case 0x09, 0x0A, 0x0D: true
            case ..<0x20, 0xFFFE, 0xFFFF: false
            default: true
            }
        }
    }
}
