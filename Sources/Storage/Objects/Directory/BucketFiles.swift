import Base
import FoundationEssentials
import Glibc

/// A bucket as the files that it consists of, for copies of the whole data directory beside a
/// running server. All calls block.
///
/// Files that Spotter wrote are only ever replaced by others of the same name. They have a record;
/// files without one were put there by hand, and people may change them where they are.
package struct BucketFiles: Sendable {
    /// One file that a copy of the bucket must contain: an object or the record of its attributes.
    package struct File: Sendable {
        /// Key of the object that the file belongs to.
        package let key: String
        /// Where it is; may be a link.
        package let source: String
        /// Its path below the bucket's folder.
        package let place: String
    }

    /// The bucket's name, which is also the name of its folder below `root`.
    package let name: String
    private let folder: BucketFolder

    /// - Returns: nil when there is no such bucket.
    package init?(_ name: String, root: String) {
        guard let folder = try? BucketFolder(name, root: root) else { return nil }
        self.name = name
        self.folder = folder
    }

    /// Whether a bucket may have this name; a folder of any other name is not a bucket.
    package static func isName(_ name: String) -> Bool {
        (try? BucketFolder.check(name)) != nil
    }

    /// All buckets below `root`, in the order of their names.
    package static func all(root: String) -> [BucketFiles] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return names.sorted().compactMap { BucketFiles($0, root: root) }
    }

    /// Path of the file that is as old as the bucket, and its name below the bucket's folder.
    package var birth: (source: String, place: String) {
        ("\(folder.path)/\(BucketFolder.birthName)", BucketFolder.birthName)
    }

    /// Path of the file of the bucket's configuration, and its name below the bucket's folder.
    ///
    /// - Returns: nil for a bucket that has none.
    package var settings: (source: String, place: String)? {
        let source = "\(folder.path)/\(BucketFolder.settingsName)"
        guard FileStatus(at: source)?.kind == .file else { return nil }
        return (source, BucketFolder.settingsName)
    }

    /// Objects in the order of their keys.
    ///
    /// - Parameters:
    ///   - after: keys after this one; nil for the first.
    ///   - limit: at most so many; fewer only at the end.
    package func objects(after: String?, limit: Int) -> [File] {
        var found: [File] = []
        var last = after
        while found.count < limit {
            let wanted = limit - found.count
            let items = KeyWalk.items(
                folder, ListQuery(prefix: "", after: last, limit: wanted), itemsMax: wanted)
            for item in items {
                guard case .key(let text, let path) = item else { continue }
                last = text
                // What no store takes under that key cannot be asked for either.
                guard let key = try? ObjectPath(text) else { continue }
                found.append(File(key: text, source: path, place: key.path))
            }
            if items.count < wanted { break }
        }
        return found
    }

    /// Where the file of an object is, with all links followed; nil when there is none.
    package func path(of key: String) -> String? {
        (try? ObjectPath(key)).flatMap { try? folder.existing($0) }
    }

    /// What is kept of an object beside its file.
    ///
    /// - Parameter path: the object's file, or another one of the same size and time.
    /// - Returns: nil when there is no such record now.
    package func record(of key: String, like path: String) -> File? {
        guard let place = recordPlace(of: key, like: path) else { return nil }
        let source = "\(folder.path)/\(place)"
        guard FileStatus(path: source)?.kind == .file else { return nil }
        return File(key: key, source: source, place: place)
    }

    /// Path below the bucket's folder of what is kept of an object, whether or not it is there.
    ///
    /// - Returns: nil when there is nothing at `path`.
    package func recordPlace(of key: String, like path: String) -> String? {
        guard let key = try? ObjectPath(key), let status = FileStatus(path: path) else {
            return nil
        }
        let name = RecordFolder.name(key, status)
        return "\(BucketFolder.recordsName)/\(name.prefix(2))/\(name)"
    }
}
