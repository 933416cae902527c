import Base
import SystemPackage

/// Where a name of a bucket is: the folders from the bucket to it, all of them open.
struct ObjectPlace: Sendable {
    /// The bucket's own is the first.
    let folders: [OpenFolder]
    let name: String

    /// The folder that has the name.
    var folder: OpenFolder { folders[folders.count - 1] }
    /// Whether it is the object beside the objects of its folder.
    var isInner: Bool { name == ObjectPath.innerName }
    /// Of a link, itself; nil when there is nothing.
    var status: FileStatus? { folder.status(name) }

    /// Removes the folders that the removal of the name left empty.
    ///
    /// - Returns: the nearest folder that stays.
    func removeEmptyFolders() -> OpenFolder {
        var left = folders
        while left.count > 1, left[left.count - 2].removeFolder(left[left.count - 1].name) {
            left.removeLast()
        }
        return left[left.count - 1]
    }
}

/// The ways from the bucket to its objects.
///
/// A link inside of the bucket may lead to something in it. It is resolved, the answer is compared
/// with the bucket's path, and then walked like any other names, without following a link. So what
/// is swapped in between is an error, and nothing outside is reached.
extension BucketFolder {
    /// Where the file of an object is, or the link to it; nil when its folder does not exist.
    ///
    /// - Throws: `invalidName` when it leads out of the bucket.
    func place(_ key: ObjectPath) throws(StorageError) -> ObjectPlace? {
        let way = try way(to: key, makesFolders: false)
        guard way.obstacle == nil else { return nil }
        return try inner(ObjectPlace(folders: way.folders, name: key.name))
    }

    /// The place itself, or where a folder has it: the file in the folder that is the object beside
    /// the folder's own.
    private func inner(_ place: ObjectPlace) throws(StorageError) -> ObjectPlace {
        guard place.status?.isFolder ?? false,
            let folder = try below(place.name, { try place.folder.folder(place.name) })
        else { return place }
        return ObjectPlace(folders: place.folders + [folder], name: ObjectPath.innerName)
    }

    /// Where the file of an object is with all links followed; nil when there is nothing.
    ///
    /// - Throws: `invalidName` when it leads out of the bucket.
    func existing(_ key: ObjectPath) throws(StorageError) -> ObjectPlace? {
        guard let place = try place(key), let status = place.status else { return nil }
        guard status.isLink else { return place }
        guard let names = try resolved(key.components[...], key), let name = names.last else {
            return nil
        }
        return ObjectPlace(folders: try walked(names.dropLast(), key), name: name)
    }

    /// Makes the folders of a key one by one. An object that has the name of one of them goes into
    /// it, as the file `ObjectPath.innerName`; it is readable all the time.
    ///
    /// The caller holds the store's lock.
    ///
    /// - Returns: the key's place, and the folders whose contents changed by it.
    /// - Throws: `invalidName` when something else is in the way, `noSuchBucket`.
    func makePlace(_ key: ObjectPath) throws(StorageError)
        -> (place: ObjectPlace, changed: [OpenFolder])
    {
        var changed: [OpenFolder] = []
        // Once more for each part of the key that is an object.
        for _ in key.components {
            let way = try way(to: key, makesFolders: true)
            changed += way.changed
            guard let obstacle = way.obstacle else {
                let place = try inner(ObjectPlace(folders: way.folders, name: key.name))
                return (place, changed)
            }
            guard let parent = way.folders.last, parent.status(obstacle)?.isFile ?? false else {
                break
            }
            changed += try moveIntoFolder(obstacle, in: parent)
        }
        throw StorageError(
            .invalidName,
            "s3://\(name)/\(key.text) cannot be written: a part of it is neither an object nor a "
                + "folder of objects. Choose another key, or remove what is there.")
    }

    /// Makes the file of an object the inner one of a folder of its name. The folder is made
    /// elsewhere, and the two change places at once.
    private func moveIntoFolder(_ name: String, in parent: OpenFolder) throws(StorageError)
        -> [OpenFolder]
    {
        let temporary = try made(Self.temporaryName)
        let draft = Hex.random()
        defer { temporary.removeAll(draft) }
        do throws(FileError) {
            try temporary.makeFolder(draft)
            guard let folder = try temporary.folder(draft) else {
                throw FileError("make", "\(temporary.path)/\(draft)", .noSuchFileOrDirectory)
            }
            try parent.link(name, to: folder, as: ObjectPath.innerName)
            folder.sync()
            try temporary.exchange(draft, with: name, in: parent)
            return [folder, parent]
        } catch {
            throw StorageError(
                .unavailable,
                "The object '\(name)' of the bucket \(self.name) could not be put beside objects "
                    + "below it: \(error)")
        }
    }

    private struct Way {
        var folders: [OpenFolder]
        var changed: [OpenFolder] = []
        /// The first name that is not a folder's.
        var obstacle: String?
    }

    private func way(to key: ObjectPath, makesFolders: Bool) throws(StorageError) -> Way {
        var way = Way(folders: [folder])
        let names = key.components.dropLast()
        for (index, name) in zip(names.indices, names) {
            let last = way.folders[way.folders.count - 1]
            if makesFolders, try below(name, { try last.makeFolder(name) }) {
                way.changed.append(last)
            }
            do throws(FileError) {
                if let next = try last.folder(name) {
                    way.folders.append(next)
                    continue
                }
            } catch {
                guard error.code == .notDirectory else { throw failure(error, name) }
            }
            guard last.status(name)?.isLink ?? false,
                let real = try resolved(names[...index], key)
            else {
                way.obstacle = name
                return way
            }
            way.folders = try walked(real[...], key)
        }
        return way
    }

    /// The names from the bucket to what `names` lead to; nil when there is nothing.
    private func resolved(_ names: ArraySlice<String>, _ key: ObjectPath) throws(StorageError)
        -> [String]?
    {
        let path = names.reduce(folder.path) { "\($0)/\($1)" }
        guard let top = FileStatus.resolved(folder.path), let real = FileStatus.resolved(path)
        else { return nil }
        guard real == top || real.utf8.starts(with: "\(top)/".utf8) else { throw leadsOut(key) }
        return real.utf8.dropFirst(top.utf8.count).split(separator: UInt8(ascii: "/"))
            .map { String(Substring($0)) }
    }

    /// The folders of names that had no link among them just now.
    private func walked(_ names: ArraySlice<String>, _ key: ObjectPath) throws(StorageError)
        -> [OpenFolder]
    {
        var folders = [folder]
        for name in names {
            guard let next = try? folders[folders.count - 1].folder(name) else {
                throw leadsOut(key)
            }
            folders.append(next)
        }
        return folders
    }

    private func leadsOut(_ key: ObjectPath) -> StorageError {
        StorageError(.invalidName, "s3://\(name)/\(key.text) leads out of its bucket.")
    }
}
