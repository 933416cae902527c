import Base

/// Goes through the keys of a bucket in the order of their UTF-8 bytes, folder by folder, and
/// reads no more of it than a page needs.
///
/// A key is described while its folder is open, so that few folders are open at once.
struct KeyWalk<Object> {
    enum Item {
        /// What it was described as; nil when it was gone then.
        case key(String, Object?)
        case prefix(String)

        var text: String {
            switch self {
            case .key(let text, _), .prefix(let text): text
            }
        }
    }

    private let bucket: BucketFolder
    private let prefix: [UInt8]
    private let delimiter: [UInt8]
    private let after: [UInt8]?
    private let itemsMax: Int
    private let describe: (String, ObjectPlace) throws -> Object?
    private let unlisted: ([UInt8]) -> Void
    /// The folded prefix that was shown last, or that the page begins after.
    private var folded: [UInt8]?
    private var items: [Item] = []

    /// At most `itemsMax` items.
    ///
    /// - Parameters:
    ///   - describe: is given each key that is not folded, and its file, with links followed.
    ///   - unlisted: is given the keys that are left out since no list can carry them.
    /// - Throws: `FileError` when a folder cannot be read, and what `describe` throws.
    static func items(
        _ bucket: BucketFolder, _ query: ListQuery, itemsMax: Int,
        describe: @escaping (_ key: String, ObjectPlace) throws -> Object?,
        unlisted: @escaping (_ key: [UInt8]) -> Void
    ) throws -> [Item] {
        guard itemsMax > 0 else { return [] }
        var walk = KeyWalk(bucket, query, itemsMax, describe, unlisted)
        try walk.start()
        return walk.items
    }

    private init(
        _ bucket: BucketFolder, _ query: ListQuery, _ itemsMax: Int,
        _ describe: @escaping (String, ObjectPlace) throws -> Object?,
        _ unlisted: @escaping ([UInt8]) -> Void
    ) {
        self.bucket = bucket
        self.itemsMax = itemsMax
        self.describe = describe
        self.unlisted = unlisted
        prefix = Array(query.prefix.utf8)
        delimiter = Array((query.delimiter ?? "").utf8)
        after = query.after.map { Array($0.utf8) }
        if let after, folding(of: after)?.count == after.count { folded = after }
    }

    /// Begins in the folder that the prefix names.
    private mutating func start() throws {
        let slash = prefix.lastIndex(of: UInt8(ascii: "/"))
        let base = slash.map { Array(prefix[...$0]) } ?? []
        var folder = bucket.folder
        if !base.isEmpty {
            // What is no key has no keys below it either; a link to a folder is not followed.
            guard let key = try? ObjectPath(String(decoding: base, as: UTF8.self)) else { return }
            for component in key.components.dropLast() {
                guard let below = try FolderEntries.folderBelow(folder, component) else { return }
                folder = below
            }
        }
        try visit(folder, base, prefix: Array(prefix[base.count...]))
    }

    private mutating func visit(_ folder: OpenFolder, _ base: [UInt8], prefix: [UInt8] = []) throws
    {
        var bound: [UInt8]?
        if let after {
            if after.starts(with: base) {
                bound = Array(after[base.count...])
            } else if base.lexicographicallyPrecedes(after) {
                return
            }
        }
        let entries = try FolderEntries(folder, prefix: prefix, after: bound, isTop: base.isEmpty)
        for index in 0..<entries.count where items.count < itemsMax {
            let entry = entries[index]
            let key = base + entry.name
            if let folded, key.starts(with: folded) { continue }
            guard key.count <= ObjectKey.bytesMax,
                let text = String(validating: key, as: UTF8.self), ObjectPath.isListable(text),
                let name = String(validating: entry.name, as: UTF8.self)
            else {
                if !entry.isInner { unlisted(key) }
                continue
            }
            switch entry.kind {
            case .folder where entry.isInner:
                if let place = inner(name, in: folder) { try add(key, text) { place } }
            case .file:
                let file = name.isEmpty ? ObjectPath.markerName : name
                try add(key, text) { ObjectPlace(folders: [folder], name: file) }
            case .link:
                if let place = object(text) { try add(key, text) { place } }
            case .folder:
                if let below = try FolderEntries.folderBelow(folder, String(name.dropLast())) {
                    try enter(key, text, below)
                }
            case .other: break
            }
        }
    }

    /// The object that a folder has beside the keys below it; nil for none.
    private func inner(_ name: String, in folder: OpenFolder) -> ObjectPlace? {
        guard let below = try? FolderEntries.folderBelow(folder, name),
            below.status(ObjectPath.innerName)?.isFile ?? false
        else { return nil }
        return ObjectPlace(folders: [folder, below], name: ObjectPath.innerName)
    }

    private mutating func enter(_ key: [UInt8], _ text: String, _ folder: OpenFolder) throws {
        guard let prefix = folding(of: key), !(after?.starts(with: key) ?? false) else {
            try visit(folder, key)
            return
        }
        // All keys below are folded into one: it is enough to know that there is one.
        let hasKey = try FolderEntries.hasKey(folder, base: text) { object($0) != nil }
        if hasKey { fold(prefix) }
    }

    private mutating func add(_ key: [UInt8], _ text: String, _ place: () -> ObjectPlace) throws {
        if let prefix = folding(of: key) {
            fold(prefix)
        } else {
            items.append(.key(text, try describe(text, place())))
        }
    }

    private mutating func fold(_ prefix: [UInt8]) {
        folded = prefix
        // A delimiter that is UTF-8 ends where a character ends.
        items.append(.prefix(String(decoding: prefix, as: UTF8.self)))
    }

    /// The file of the bucket that the link at a key leads to.
    private func object(_ key: String) -> ObjectPlace? {
        guard let key = try? ObjectPath(key), let place = try? bucket.existing(key),
            place.status?.isFile ?? false
        else { return nil }
        return place
    }

    /// What a key is folded to; nil when the delimiter does not follow the prefix.
    private func folding(of key: [UInt8]) -> [UInt8]? {
        guard !delimiter.isEmpty, key.count > prefix.count, key.starts(with: prefix) else {
            return nil
        }
        for start in stride(from: prefix.count, through: key.count - delimiter.count, by: 1)
        where key[start...].starts(with: delimiter) {
            return Array(key[..<(start + delimiter.count)])
        }
        return nil
    }
}
