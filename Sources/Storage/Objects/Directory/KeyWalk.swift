import Base

/// Goes through the keys of a bucket in the order of their UTF-8 bytes, folder by folder, and
/// reads no more of it than a page needs.
struct KeyWalk {
    enum Item {
        case key(String, path: String)
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
    /// The folded prefix that was shown last, or that the page begins after.
    private var folded: [UInt8]?
    private var items: [Item] = []

    /// At most `itemsMax` items.
    static func items(_ bucket: BucketFolder, _ query: ListQuery, itemsMax: Int) -> [Item] {
        guard itemsMax > 0 else { return [] }
        var walk = KeyWalk(bucket, query, itemsMax: itemsMax)
        walk.start()
        return walk.items
    }

    private init(_ bucket: BucketFolder, _ query: ListQuery, itemsMax: Int) {
        self.bucket = bucket
        self.itemsMax = itemsMax
        prefix = Array(query.prefix.utf8)
        delimiter = Array((query.delimiter ?? "").utf8)
        after = query.after.map { Array($0.utf8) }
        if let after, folding(of: after)?.count == after.count { folded = after }
    }

    /// Begins in the folder that the prefix names.
    private mutating func start() {
        let slash = prefix.lastIndex(of: UInt8(ascii: "/"))
        let base = slash.map { Array(prefix[...$0]) } ?? []
        var path = bucket.path
        if !base.isEmpty {
            // What is no key has no keys below it either; a link to a folder is not followed.
            guard let key = try? ObjectPath(String(decoding: base, as: UTF8.self)) else { return }
            for component in key.components.dropLast() {
                path += "/" + component
                guard FileStatus(at: path)?.kind == .folder else {
                    return
                }
            }
        }
        visit(path, base, prefix: Array(prefix[base.count...]))
    }

    private mutating func visit(_ path: String, _ base: [UInt8], prefix: [UInt8] = []) {
        var bound: [UInt8]?
        if let after {
            if after.starts(with: base) {
                bound = Array(after[base.count...])
            } else if base.lexicographicallyPrecedes(after) {
                return
            }
        }
        let entries = FolderEntries(path: path, prefix: prefix, after: bound, isTop: base.isEmpty)
        for index in 0..<entries.count where items.count < itemsMax {
            let entry = entries[index]
            let key = base + entry.name
            if let folded, key.starts(with: folded) { continue }
            guard key.count <= ObjectKey.bytesMax,
                let text = String(validating: key, as: UTF8.self),
                let name = String(validating: entry.name, as: UTF8.self)
            else { continue }
            let below = "\(path)/\(name.isEmpty ? ObjectPath.markerName : name)"
            switch entry.kind {
            case .file: add(key, text, path: below)
            case .link: if isObject(below) { add(key, text, path: below) }
            case .folder: enter(key, path: String(below.dropLast()))
            case .other: break
            }
        }
    }

    private mutating func enter(_ folder: [UInt8], path: String) {
        guard let prefix = folding(of: folder), !(after?.starts(with: folder) ?? false) else {
            visit(path, folder)
            return
        }
        // All keys below are folded into one: it is enough to know that there is one.
        if FolderEntries.hasKey(path, isObject: isObject) { fold(prefix) }
    }

    private mutating func add(_ key: [UInt8], _ text: String, path: String) {
        if let prefix = folding(of: key) {
            fold(prefix)
        } else {
            items.append(.key(text, path: path))
        }
    }

    private mutating func fold(_ prefix: [UInt8]) {
        folded = prefix
        // A delimiter that is UTF-8 ends where a character ends.
        items.append(.prefix(String(decoding: prefix, as: UTF8.self)))
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

    /// Whether a link leads to a file of the bucket.
    private func isObject(_ link: String) -> Bool {
        guard let real = FileStatus.resolved(link), bucket.contains(real) else { return false }
        return FileStatus(path: real)?.kind == .file
    }
}
