package import Base

/// A bucket as the files that it consists of, for copies of the whole data directory beside a
/// running server. All calls block.
///
/// Files that Spotter wrote are only ever replaced by others of the same name. They have a record;
/// files without one were put there by hand, and people may change them where they are.
package struct BucketFiles: Sendable {
    /// An object as the walk through a bucket finds it.
    package struct Object: Sendable {
        /// Its key in the bucket.
        package let key: String
        /// The path of its file, or of the link to it, below the bucket's folder.
        package let place: String
    }

    /// The bucket's name, which is also the name of its folder below `root`.
    package let name: String
    private let bucket: BucketFolder

    /// - Returns: nil when there is no such bucket.
    package init?(_ name: String, root: String) {
        guard let bucket = try? BucketFolder(name, root: root) else { return nil }
        self.name = name
        self.bucket = bucket
    }

    /// Whether a bucket may have this name; a folder of any other name is not a bucket.
    package static func isName(_ name: String) -> Bool {
        (try? BucketFolder.check(name)) != nil
    }

    /// What is in `root`, buckets and others, in the order of the names.
    package static func names(root: String) -> [String] {
        ((try? OpenFolder(root).names()) ?? []).sorted()
    }

    /// The file that is as old as the bucket.
    package var birth: NamedFile {
        NamedFile(folder: bucket.folder, name: BucketFolder.birthName)
    }

    /// The file of the bucket's configuration, whether or not there is one.
    package var settings: NamedFile {
        NamedFile(folder: bucket.folder, name: BucketFolder.settingsName)
    }

    /// Objects in the order of their keys.
    ///
    /// - Parameters:
    ///   - after: keys after this one; nil for the first.
    ///   - limit: at most so many; fewer only at the end.
    /// - Throws: `StorageError` when a folder cannot be read.
    package func objects(after: String?, limit: Int) throws -> [Object] {
        var found: [Object] = []
        var last = after
        while found.count < limit {
            let wanted = limit - found.count
            let items = try onDisk {
                try KeyWalk.items(
                    bucket, ListQuery(prefix: "", after: last, limit: wanted), itemsMax: wanted,
                    describe: { _, place in place.isInner }, unlisted: { _ in })
            }
            for item in items {
                last = item.text
                // What no store takes under that key cannot be asked for either.
                guard let key = try? ObjectPath(item.text),
                    case .key(_, let isInner) = item
                else { continue }
                let place = isInner ?? false ? "\(key.path)/\(ObjectPath.innerName)" : key.path
                found.append(Object(key: key.text, place: place))
            }
            if items.count < wanted { break }
        }
        return found
    }

    /// Where the file of an object is, with all links followed; nil when there is none.
    ///
    /// - Returns: also whether a link was followed at its own name.
    package func file(of key: String) -> (file: NamedFile, isLinked: Bool)? {
        guard let key = try? ObjectPath(key), let place = try? bucket.existing(key) else {
            return nil
        }
        let isLinked = (try? bucket.place(key))?.status?.isLink ?? false
        return (NamedFile(folder: place.folder, name: place.name), isLinked)
    }

    /// What is kept of an object beside its file.
    ///
    /// - Parameter status: of the object's file, or of another one of the same size and time.
    /// - Returns: nil when there is no such record now; its `place` is below the bucket's folder.
    package func record(of key: String, like status: FileStatus)
        -> (file: NamedFile, place: String)?
    {
        guard let place = recordPlace(of: key, like: status), let key = try? ObjectPath(key) else {
            return nil
        }
        let name = RecordFolder.name(key, status)
        guard let folder = try? RecordFolder(bucket).folder(name),
            folder.status(name)?.isFile ?? false
        else { return nil }
        return (NamedFile(folder: folder, name: name), place)
    }

    /// Path below the bucket's folder of what is kept of an object, whether or not it is there.
    ///
    /// - Returns: nil for what cannot be a key.
    package func recordPlace(of key: String, like status: FileStatus) -> String? {
        guard let key = try? ObjectPath(key) else { return nil }
        return RecordFolder.path(RecordFolder.name(key, status))
    }
}
