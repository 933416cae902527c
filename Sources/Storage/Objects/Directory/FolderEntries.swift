import Base
import Glibc
import SystemPackage

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
        /// Whether it is a folder, as the object that may be its inner file.
        let isInner: Bool
    }

    private struct Slot {
        let offset: Int
        let count: Int
        let kind: FileStatus.Kind
        var isInner = false
    }

    private var bytes: [UInt8] = []
    private var slots: [Slot] = []

    var count: Int { slots.count }

    subscript(index: Int) -> Entry {
        let slot = slots[index]
        return Entry(
            kind: slot.kind, name: Array(bytes[slot.offset..<slot.offset + slot.count]),
            isInner: slot.isInner)
    }

    /// Nothing when the folder was removed.
    ///
    /// - Parameters:
    ///   - prefix: only names that begin so.
    ///   - after: only names beyond this, and the folder that has it.
    ///   - isTop: whether it is the bucket's own folder.
    /// - Throws: `FileError` when it cannot be read to its end.
    init(_ folder: OpenFolder, prefix: [UInt8], after: [UInt8]?, isTop: Bool) throws {
        try folder.forEach { name, kind in
            guard let isMarker = Self.visibility(of: name) else { return true }
            if isMarker && isTop { return true }
            let shown = isMarker ? UnsafeRawBufferPointer(start: nil, count: 0) : name
            if kind == .folder {
                // The object in it comes before the keys below it, and others may be in between.
                take(shown, kind, isInner: true, prefix: prefix, after: after)
            }
            take(shown, kind, isInner: false, prefix: prefix, after: after)
            return true
        }
        sort()
    }

    private mutating func take(
        _ name: UnsafeRawBufferPointer, _ kind: FileStatus.Kind, isInner: Bool, prefix: [UInt8],
        after: [UInt8]?
    ) {
        let start = bytes.count
        bytes.append(contentsOf: name)
        let isFolder = kind == .folder && !isInner
        if isFolder { bytes.append(UInt8(ascii: "/")) }
        if keeps(start, isFolder ? .folder : .file, prefix: prefix, after: after) {
            slots.append(
                Slot(offset: start, count: bytes.count - start, kind: kind, isInner: isInner))
        } else {
            bytes.removeSubrange(start...)
        }
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

    /// Whether a list shows a key anywhere below a folder. Stops at the first.
    ///
    /// - Parameters:
    ///   - base: what the keys in this folder begin with.
    ///   - isObject: whether the link of a key leads to an object.
    static func hasKey(_ folder: OpenFolder, base: String, isObject: (_ key: String) -> Bool) throws
        -> Bool
    {
        var folders: [String] = []
        var isFound = false
        try folder.forEach { name, kind in
            guard let isMarker = visibility(of: name), let text = text(name),
                ObjectPath.isListable(text), base.utf8.count + name.count <= ObjectKey.bytesMax
            else { return true }
            switch kind {
            case .file: isFound = true
            case .folder: folders.append(text)
            case .link: isFound = isObject(base + (isMarker ? "" : text))
            case .other: break
            }
            return !isFound
        }
        if isFound { return true }
        return try folders.contains {
            guard let below = try folderBelow(folder, $0) else { return false }
            if below.status(ObjectPath.innerName)?.isFile ?? false { return true }
            return try hasKey(below, base: "\(base)\($0)/", isObject: isObject)
        }
    }

    /// Whether there is anything but folders below a folder, whatever it is called, or so many
    /// folders in one another that nobody looks.
    ///
    /// - Parameter ours: names at the top that do not count.
    static func hasFile(_ folder: OpenFolder, except ours: [String] = [], depth: Int = 0) throws
        -> Bool
    {
        var folders: [String] = []
        var isFound = false
        try folder.forEach { name, kind in
            let text = text(name)
            if let text, ours.contains(text) { return true }
            guard let text, kind == .folder else {
                isFound = true
                return false
            }
            folders.append(text)
            return true
        }
        if isFound || depth == OpenFolder.depthMax { return isFound || !folders.isEmpty }
        return try folders.contains {
            try folder.folder($0).map { try hasFile($0, depth: depth + 1) } ?? false
        }
    }

    /// A folder that a list goes into; nil when it is gone, is a link now, or nobody may read it.
    static func folderBelow(_ folder: OpenFolder, _ name: String) throws(FileError) -> OpenFolder? {
        let skipped: [Errno] = [.notDirectory, .permissionDenied, .invalidArgument]
        do throws(FileError) {
            return try folder.folder(name)
        } catch {
            if skipped.contains(error.code) { return nil }
            throw error
        }
    }

    // MARK: Names

    /// Nil for a hidden name; otherwise whether it is a folder's marker.
    private static func visibility(of name: UnsafeRawBufferPointer) -> Bool? {
        guard name.first == UInt8(ascii: "."),
            hiddenPrefix.withUnsafeBytes({ starts(name, with: $0) })
        else { return false }
        return markerName.withUnsafeBytes { order(name, $0) == 0 } ? true : nil
    }

    private static let hiddenPrefix = Array(ObjectPath.hiddenPrefix.utf8)
    private static let markerName = Array(ObjectPath.markerName.utf8)

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
