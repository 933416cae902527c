import Base
import Glibc

/// The entries of one folder in the order of the keys below it: by bytes, with a slash after the
/// name of a folder.
///
/// A folder may have 100,000 files and be read for every page of a list, so the names lie in one
/// piece of memory and are compared there.
struct FolderEntries {
    struct Entry {
        let kind: FileStatus.Kind
        /// With the slash after a folder's name; empty for a folder's own marker.
        let name: [UInt8]
    }

    private struct Slot {
        let offset: Int
        let count: Int
        let kind: FileStatus.Kind
    }

    private var bytes: [UInt8] = []
    private var slots: [Slot] = []

    var count: Int { slots.count }

    subscript(index: Int) -> Entry {
        let slot = slots[index]
        return Entry(
            kind: slot.kind, name: Array(bytes[slot.offset..<slot.offset + slot.count]))
    }

    /// Nothing when the folder is gone.
    ///
    /// - Parameters:
    ///   - prefix: only names that begin so.
    ///   - after: only names beyond this, and the folder that has it.
    ///   - isTop: whether it is the bucket's own folder.
    init(path: String, prefix: [UInt8], after: [UInt8]?, isTop: Bool) {
        Self.forEach(path) { name, type in
            let start = bytes.count
            guard let isMarker = Self.visibility(of: name) else { return true }
            if isMarker && isTop { return true }
            if !isMarker { bytes.append(contentsOf: name) }
            let kind = Self.kind(type, in: path, name)
            if kind == .folder { bytes.append(UInt8(ascii: "/")) }
            if keeps(start, kind, prefix: prefix, after: after) {
                slots.append(Slot(offset: start, count: bytes.count - start, kind: kind))
            } else {
                bytes.removeSubrange(start...)
            }
            return true
        }
        sort()
    }

    private func keeps(_ start: Int, _ kind: FileStatus.Kind, prefix: [UInt8], after: [UInt8]?)
        -> Bool
    {
        bytes.withUnsafeBytes { all in
            let name = UnsafeRawBufferPointer(rebasing: all[start...])
            guard prefix.isEmpty || prefix.withUnsafeBytes({ Self.starts(name, with: $0) }) else {
                return false
            }
            guard let after else { return true }
            return after.withUnsafeBytes {
                Self.order(name, $0) > 0 || kind == .folder && Self.starts($0, with: name)
            }
        }
    }

    private struct Name {
        let slot: Slot
        let bytes: UnsafeRawBufferPointer
    }

    private mutating func sort() {
        bytes.withUnsafeBytes { all in
            var names = slots.map {
                Name(
                    slot: $0,
                    bytes: UnsafeRawBufferPointer(rebasing: all[$0.offset..<$0.offset + $0.count]))
            }
            qsort(&names, names.count, MemoryLayout<Name>.stride) { left, right in
                guard let left = left?.assumingMemoryBound(to: Name.self),
                    let right = right?.assumingMemoryBound(to: Name.self)
                else { return 0 }
                return FolderEntries.order(left.pointee.bytes, right.pointee.bytes)
            }
            slots = names.map(\.slot)
        }
    }

    /// Whether there is a key anywhere below `path`. Stops at the first.
    static func hasKey(_ path: String, isObject: (_ linkPath: String) -> Bool) -> Bool {
        var folders: [String] = []
        var isFound = false
        forEach(path) { name, type in
            guard visibility(of: name) != nil, let text = text(name) else { return true }
            switch kind(type, in: path, name) {
            case .file: isFound = true
            case .folder: folders.append("\(path)/\(text)")
            case .link: isFound = isObject("\(path)/\(text)")
            case .other: break
            }
            return !isFound
        }
        return isFound || folders.contains { hasKey($0, isObject: isObject) }
    }

    /// Whether there is anything but folders below `path`, whatever it is called.
    ///
    /// - Parameter ours: names at the top that do not count.
    static func hasFile(_ path: String, except ours: [String] = []) -> Bool {
        var folders: [String] = []
        var isFound = false
        forEach(path) { name, type in
            let text = text(name)
            if let text, ours.contains(text) { return true }
            guard let text, kind(type, in: path, name) == .folder else {
                isFound = true
                return false
            }
            folders.append("\(path)/\(text)")
            return true
        }
        return isFound || folders.contains { hasFile($0) }
    }

    /// Names in the folder that begin with `prefix`, hidden ones too, in no order.
    static func names(in path: String, beginningWith prefix: String) -> [String] {
        var names: [String] = []
        let prefix = Array(prefix.utf8)
        forEach(path) { name, _ in
            if prefix.withUnsafeBytes({ starts(name, with: $0) }), let text = text(name) {
                names.append(text)
            }
            return true
        }
        return names
    }

    // MARK: Reading

    /// Calls `body` with each name but `.` and `..`, and its type, until it returns false.
    private static func forEach(
        _ path: String, _ body: (UnsafeRawBufferPointer, UInt8) -> Bool
    ) {
        guard let folder = opendir(path), let offset = MemoryLayout<dirent>.offset(of: \.d_name)
        else { return }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = UnsafeRawPointer(entry) + offset
            let count = strlen(name.assumingMemoryBound(to: CChar.self))
            let bytes = UnsafeRawBufferPointer(start: name, count: count)
            let isDots = count <= 2 && bytes.allSatisfy { $0 == UInt8(ascii: ".") }
            if !isDots, !body(bytes, entry.pointee.d_type) { return }
        }
    }

    /// Nil for a hidden name; otherwise whether it is a folder's marker.
    private static func visibility(of name: UnsafeRawBufferPointer) -> Bool? {
        guard name.first == UInt8(ascii: "."),
            hiddenPrefix.withUnsafeBytes({ starts(name, with: $0) })
        else { return false }
        return markerName.withUnsafeBytes { order(name, $0) == 0 } ? true : nil
    }

    private static let hiddenPrefix = Array(ObjectPath.hiddenPrefix.utf8)
    private static let markerName = Array(ObjectPath.markerName.utf8)

    private static func kind(_ type: UInt8, in path: String, _ name: UnsafeRawBufferPointer)
        -> FileStatus.Kind
    {
        switch Int(type) {
        case Int(DT_REG): return .file
        case Int(DT_DIR): return .folder
        case Int(DT_LNK): return .link
        case Int(DT_UNKNOWN):
            let text = text(name) ?? ""
            return FileStatus(at: "\(path)/\(text)")?.kind ?? .other
        default: return .other
        }
    }

    /// Nil for what is not UTF-8 and thus no key.
    private static func text(_ name: UnsafeRawBufferPointer) -> String? {
        String(validating: name, as: UTF8.self)
    }

    private static func starts(_ bytes: UnsafeRawBufferPointer, with prefix: UnsafeRawBufferPointer)
        -> Bool
    {
        guard let left = bytes.baseAddress, let right = prefix.baseAddress else {
            return prefix.isEmpty
        }
        return bytes.count >= prefix.count && memcmp(left, right, prefix.count) == 0
    }

    /// Below, at or above zero as `left` comes before, is or comes after `right`.
    private static func order(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer)
        -> Int32
    {
        if let a = left.baseAddress, let b = right.baseAddress {
            let difference = memcmp(a, b, min(left.count, right.count))
            if difference != 0 { return difference }
        }
        return left.count < right.count ? -1 : left.count > right.count ? 1 : 0
    }
}
