package import FoundationEssentials
import Glibc
package import NIOPosix

/// Buckets as directories: the object KEY of BUCKET is the file `ROOT/BUCKET/KEY`.
///
/// People may put files there by hand. A bucket may itself be a symbolic link; a link inside a
/// bucket that leads out of it is refused.
package final class DirectoryStore: ObjectStore {
    private static let temporaryName = ".spotter-temporary"
    private static let keyBytesMax = 1024
    private static let componentBytesMax = 255
    private static let chunkBytes = 1 << 20

    private let root: String
    private let pool: NIOThreadPool

    /// Makes `root` when it is missing, and removes what a crash left unfinished.
    ///
    /// - Parameter pool: where blocking calls run.
    package init(root: String, pool: NIOThreadPool) throws(StorageError) {
        self.root = root
        self.pool = pool
        do {
            try FileManager.default.createDirectory(
                atPath: root, withIntermediateDirectories: true)
        } catch {
            throw StorageError(.unavailable, "Could not make the directory \(root): \(error)")
        }
        for bucket in (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [] {
            try? FileManager.default.removeItem(atPath: "\(root)/\(bucket)/\(Self.temporaryName)")
        }
    }

    package func createBucket(_ bucket: String) async throws {
        try await run {
            try Self.checkBucket(bucket)
            let path = "\(self.root)/\(bucket)"
            guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
                throw DurableFile.failure("make", path)
            }
        }
    }

    package func bucketExists(_ bucket: String) async throws -> Bool {
        try await run { (try? self.bucketPath(bucket)) != nil }
    }

    package func put(_ content: ObjectContent, at location: ObjectLocation) async throws {
        try await run { try self.putNow(content, location) }
    }

    private func putNow(_ content: ObjectContent, _ location: ObjectLocation) throws {
        let bucket = try bucketPath(location.bucket)
        let components = try Self.components(of: location.key)
        let parent = try makeDirectories(components.dropLast(), in: bucket)
        let path = "\(parent)/\(components[components.count - 1])"
        guard !isDirectory(path) else {
            throw StorageError(
                .invalidName, "\(location) is a folder of objects and cannot be an object itself.")
        }
        let temporary = "\(bucket)/\(Self.temporaryName)"
        guard mkdir(temporary, 0o755) == 0 || errno == EEXIST else {
            throw DurableFile.failure("make", temporary)
        }
        switch content {
        case .bytes(let bytes):
            try DurableFile.write(bytes, to: path, temporaryDirectory: temporary)
        case .file(let source):
            try DurableFile.copy(source, to: path, temporaryDirectory: temporary)
        }
    }

    package func get(_ location: ObjectLocation, bytesMax: Int) async throws -> Data {
        try await run {
            let path = try self.objectPath(location)
            guard let size = self.fileSize(path) else { throw Self.missing(location) }
            guard size <= bytesMax else {
                throw StorageError(
                    .tooLarge, "\(location) has \(size) bytes; at most \(bytesMax) are allowed.")
            }
            do {
                return try Data(contentsOf: URL(filePath: path))
            } catch {
                throw StorageError(.unavailable, "Could not read \(location): \(error)")
            }
        }
    }

    package func read(
        _ location: ObjectLocation, bytesMax: Int, _ chunk: (Data) async throws -> Void
    ) async throws {
        let file = try await run {
            let path = try self.objectPath(location)
            guard let size = self.fileSize(path) else { throw Self.missing(location) }
            guard size <= bytesMax else {
                throw StorageError(
                    .tooLarge, "\(location) has \(size) bytes; at most \(bytesMax) are allowed.")
            }
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { throw DurableFile.failure("read", path) }
            return file
        }
        defer { close(file) }
        while true {
            let piece = try await run {
                var bytes = Data(count: Self.chunkBytes)
                let count = bytes.withUnsafeMutableBytes {
                    Glibc.read(file, $0.baseAddress, $0.count)
                }
                guard count >= 0 else { throw DurableFile.failure("read", location.uri) }
                return bytes.prefix(count)
            }
            if piece.isEmpty { return }
            try await chunk(piece)
        }
    }

    package func head(_ location: ObjectLocation) async throws -> ObjectSummary? {
        try await run {
            do {
                return self.fileSize(try self.objectPath(location)).map {
                    ObjectSummary(key: location.key, size: $0)
                }
            } catch let error as StorageError where error.code == .noSuchObject {
                return nil
            }
        }
    }

    package func delete(_ location: ObjectLocation) async throws {
        try await run {
            do {
                let path = try self.objectPath(location)
                guard unlink(path) == 0 || errno == ENOENT else {
                    throw DurableFile.failure("delete", path)
                }
                self.removeEmptyParents(of: path, in: try self.bucketPath(location.bucket))
            } catch let error as StorageError where error.code == .noSuchObject {}
        }
    }

    package func list(_ bucket: String, prefix: String, after: String?, limit: Int) async throws
        -> [ObjectSummary]
    {
        try await run {
            let root = try self.bucketPath(bucket)
            var found: [ObjectSummary] = []
            self.collect(root, "", prefix: prefix, after: after, into: &found)
            found.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            return Array(found.prefix(limit))
        }
    }

    private func collect(
        _ directory: String, _ base: String, prefix: String, after: String?,
        into found: inout [ObjectSummary]
    ) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        where name != Self.temporaryName {
            let key = base + name
            let path = "\(directory)/\(name)"
            if isDirectory(path) {
                // A folder matters when it lies on the way to the prefix or below it.
                let folder = key + "/"
                if folder.hasPrefix(prefix) || prefix.hasPrefix(folder), !isLink(path) {
                    collect(path, folder, prefix: prefix, after: after, into: &found)
                }
            } else if key.hasPrefix(prefix),
                after.map({ $0.utf8.lexicographicallyPrecedes(key.utf8) }) ?? true,
                let size = fileSize(path)
            {
                found.append(ObjectSummary(key: key, size: size))
            }
        }
    }

    // MARK: Names and paths

    private static func checkBucket(_ bucket: String) throws(StorageError) {
        let allowed = bucket.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard (3...63).contains(bucket.utf8.count), allowed, !bucket.hasPrefix(".") else {
            throw StorageError(
                .invalidName,
                "'\(bucket.prefix(80))' is no name of a bucket: 3 to 63 letters, digits, '.', '-' "
                    + "and '_', not beginning with '.', are.")
        }
    }

    private static func components(of key: String) throws(StorageError) -> [String] {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let isSound =
            key.utf8.count <= keyBytesMax && !key.utf8.contains(0)
            && parts.allSatisfy {
                !$0.isEmpty && $0 != "." && $0 != ".." && $0 != temporaryName
                    && $0.utf8.count <= componentBytesMax
            }
        guard isSound else {
            throw StorageError(
                .invalidName,
                "'\(key.prefix(80))' is no key that this store takes: the parts between slashes "
                    + "must not be empty, '.' or '..', nor longer than \(componentBytesMax) bytes.")
        }
        return parts
    }

    private func bucketPath(_ bucket: String) throws(StorageError) -> String {
        try Self.checkBucket(bucket)
        guard let path = resolved("\(root)/\(bucket)"), isDirectory(path) else {
            throw StorageError(.noSuchBucket, "The bucket \(bucket) does not exist.")
        }
        return path
    }

    private func objectPath(_ location: ObjectLocation) throws(StorageError) -> String {
        let bucket = try bucketPath(location.bucket)
        let parts = try Self.components(of: location.key)
        guard let path = resolved("\(bucket)/\(parts.joined(separator: "/"))") else {
            throw Self.missing(location)
        }
        guard path.hasPrefix(bucket + "/") else {
            throw StorageError(.invalidName, "\(location) leads out of its bucket.")
        }
        return path
    }

    /// Makes the folders of a key one by one, following no link out of the bucket.
    private func makeDirectories(_ components: some Sequence<String>, in bucket: String)
        throws(StorageError) -> String
    {
        var path = bucket
        for component in components {
            path += "/" + component
            guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
                throw DurableFile.failure("make", path)
            }
            guard let real = resolved(path), real.hasPrefix(bucket + "/"), isDirectory(real) else {
                throw StorageError(
                    .invalidName, "\(component) is an object or leads out of its bucket.")
            }
            path = real
        }
        return path
    }

    private func removeEmptyParents(of path: String, in bucket: String) {
        var parent = path
        while let slash = parent.lastIndex(of: "/") {
            parent = String(parent[..<slash])
            guard parent.hasPrefix(bucket + "/"), rmdir(parent) == 0 else { return }
        }
    }

    private func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    private func status(_ path: String) -> stat? {
        var info = stat()
        return stat(path, &info) == 0 ? info : nil
    }

    private func isDirectory(_ path: String) -> Bool {
        status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
    }

    private func isLink(_ path: String) -> Bool {
        var info = stat()
        return lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFLNK
    }

    /// Bytes of a regular file; nil for everything else.
    private func fileSize(_ path: String) -> Int? {
        status(path).flatMap { $0.st_mode & S_IFMT == S_IFREG ? Int($0.st_size) : nil }
    }

    private static func missing(_ location: ObjectLocation) -> StorageError {
        StorageError(.noSuchObject, "The object \(location) does not exist.")
    }

    private func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws
        -> Value
    {
        try await pool.runIfActive(work)
    }
}
