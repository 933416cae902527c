package import FoundationEssentials
import Glibc
import SystemPackage

/// An open folder, and the way to what is in it: by one name at a time, and following no link. A
/// folder or file below it that somebody swaps for a link meanwhile is an error, and nothing
/// elsewhere is read or changed.
///
/// A text that cannot be a name (empty, `.`, `..`, with a slash or a NUL) is an `invalidArgument`,
/// so that names that stand in files need no other check. All calls block.
package struct OpenFolder: Sendable {
    /// The most folders in one another that are gone through: a key of 1,024 bytes has fewer.
    package static let depthMax = 512

    let file: OpenFile

    /// What it was opened by, for messages and for `FileStatus.resolved`.
    package var path: String { file.path }
    /// The last part of its path.
    package var name: String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map {
            String(path[path.utf8.index(after: $0)...])
        }
            ?? path
    }

    private init(_ file: OpenFile) { self.file = file }

    /// Opens the folder at the top; links on the way to it are followed.
    ///
    /// - Throws: `FileError`, also for anything but a folder.
    package init(_ path: String) throws(FileError) { file = try OpenFile.folder(path) }

    // MARK: Opening

    /// Opens a folder in this one.
    ///
    /// - Returns: nil when there is nothing of this name.
    /// - Throws: `FileError`; its code is `notDirectory` for a file and for a link.
    package func folder(_ name: String) throws(FileError) -> OpenFolder? {
        guard let file = try open(name, O_RDONLY | O_DIRECTORY) else { return nil }
        return OpenFolder(file)
    }

    /// Opens a file in this folder for reading. Does not wait for the writer of a named pipe.
    ///
    /// - Returns: nil when there is nothing of this name, or no file; a folder is opened.
    /// - Throws: `FileError`; its code is `tooManySymbolicLinkLevels` for a link.
    package func reading(_ name: String) throws(FileError) -> OpenFile? {
        try open(name, O_RDONLY | O_NONBLOCK)
    }

    /// Makes a file for writing.
    ///
    /// - Parameter mode: permissions, from which the process' umask is taken.
    /// - Throws: `FileError`; its code is `fileExists` when there is something of this name, also a
    ///   link, and `noSuchFileOrDirectory` when this folder was removed.
    package func creating(_ name: String, mode: UInt32 = 0o644) throws(FileError) -> OpenFile {
        let flags = O_WRONLY | O_CREAT | O_EXCL
        guard let file = try open(name, flags, mode: mode, verb: "write") else {
            throw FileError("write", below(name), .noSuchFileOrDirectory)
        }
        return file
    }

    private func open(_ name: String, _ flags: Int32, mode: UInt32 = 0, verb: String = "read")
        throws(FileError) -> OpenFile?
    {
        try check(name)
        while true {
            let opened = openat(
                file.descriptor.rawValue, name, flags | O_NOFOLLOW | O_CLOEXEC, mode_t(mode))
            if opened >= 0 {
                return OpenFile(
                    descriptor: FileDescriptor(rawValue: opened), path: below(name))
            }
            switch errno {
            case EINTR: continue
            case ENOENT, ENXIO: return nil
            default: throw FileError(verb, below(name))
            }
        }
    }

    func below(_ name: String) -> String { "\(path)/\(name)" }

    func check(_ name: String) throws(FileError) {
        guard Self.isName(name) else { throw FileError("open", below(name), .invalidArgument) }
    }

    /// Whether a text names something in a folder, and nothing above or below it.
    package static func isName(_ text: String) -> Bool {
        !text.isEmpty && text != "." && text != ".."
            && !text.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
    }

    // MARK: What there is

    /// Describes what has a name here, itself also where it is a link; nil when there is nothing.
    package func status(_ name: String) -> FileStatus? {
        guard Self.isName(name) else { return nil }
        return FileStatus(name, in: file.descriptor)
    }

    /// Describes this folder; nil only when the disk fails.
    package var status: FileStatus? { file.status }

    /// A whole file of this folder.
    ///
    /// - Returns: nil when there is none, or it has more than `bytesMax` bytes.
    /// - Throws: as `reading`.
    package func contents(_ name: String, bytesMax: Int) throws(FileError) -> Data? {
        guard let file = try reading(name), file.status?.isFile ?? false else { return nil }
        defer { file.close() }
        let bytes = try file.bytes(at: 0, count: bytesMax + 1)
        return bytes.count > bytesMax ? nil : bytes
    }

    /// Calls `body` with each name but `.` and `..`, in no order, and what it names, until it
    /// returns false. Nothing when the folder was removed.
    ///
    /// - Parameter body: the bytes of the name are gone when it returns.
    /// - Throws: `FileError` without descriptors or memory, or what `body` throws.
    package func forEach(
        _ body: (_ name: UnsafeRawBufferPointer, FileStatus.Kind) throws -> Bool
    ) throws {
        // A descriptor of its own: it has a position, and closedir closes it.
        let own = openat(file.descriptor.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard own >= 0 else {
            if errno == ENOENT { return }
            throw FileError("read", path)
        }
        guard let stream = fdopendir(own), let offset = MemoryLayout<dirent>.offset(of: \.d_name)
        else {
            Glibc.close(own)
            throw FileError("read", path)
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = UnsafeRawPointer(entry) + offset
            let count = strlen(name.assumingMemoryBound(to: CChar.self))
            let bytes = UnsafeRawBufferPointer(start: name, count: count)
            let isDots = count <= 2 && bytes.allSatisfy { $0 == UInt8(ascii: ".") }
            if !isDots, try !body(bytes, kind(entry.pointee.d_type, bytes)) { return }
        }
    }

    private func kind(_ type: UInt8, _ name: UnsafeRawBufferPointer) -> FileStatus.Kind {
        switch Int(type) {
        case Int(DT_REG): .file
        case Int(DT_DIR): .folder
        case Int(DT_LNK): .link
        case Int(DT_UNKNOWN): status(String(decoding: name, as: UTF8.self))?.kind ?? .other
        default: .other
        }
    }

    /// Names that are UTF-8, in no order; none when the folder cannot be read.
    package func names(beginningWith prefix: String = "") -> [String] {
        var names: [String] = []
        try? forEach { bytes, _ in
            if bytes.starts(with: prefix.utf8), let name = String(validating: bytes, as: UTF8.self)
            {
                names.append(name)
            }
            return true
        }
        return names
    }

    // MARK: Changes

    /// Makes a folder in this one, not yet durably.
    ///
    /// - Returns: false when there is something of this name, whatever it is.
    /// - Throws: `FileError`; its code is `noSuchFileOrDirectory` when this folder was removed.
    @discardableResult
    package func makeFolder(_ name: String, mode: UInt32 = 0o755) throws(FileError) -> Bool {
        try check(name)
        if mkdirat(file.descriptor.rawValue, name, mode) == 0 { return true }
        if errno == EEXIST { return false }
        throw FileError("make", below(name))
    }

    /// Gives what has a name here another one, whose file or link it replaces.
    ///
    /// - Throws: `FileError`; then nothing has changed.
    package func move(_ name: String, to folder: OpenFolder, as newName: String)
        throws(FileError)
    {
        try check(name)
        try folder.check(newName)
        guard
            renameat(
                file.descriptor.rawValue, name, folder.file.descriptor.rawValue, newName) == 0
        else { throw FileError("write", folder.below(newName)) }
    }

    /// Gives a file a second name at `path`, which must be in the same file system.
    ///
    /// - Returns: whether that worked; of a link, the link has two names then.
    package func link(_ name: String, to path: String) -> Bool {
        Self.isName(name) && linkat(file.descriptor.rawValue, name, AT_FDCWD, path, 0) == 0
    }

    /// Removes a file, or a link and not what it leads to.
    ///
    /// - Throws: `FileError`, also for a folder; nothing when there is nothing.
    package func remove(_ name: String) throws(FileError) {
        try check(name)
        if unlinkat(file.descriptor.rawValue, name, 0) == 0 || errno == ENOENT { return }
        throw FileError("delete", below(name))
    }

    /// Removes an empty folder in this one.
    ///
    /// - Returns: whether there is none of this name now.
    @discardableResult
    package func removeFolder(_ name: String) -> Bool {
        guard Self.isName(name) else { return false }
        return unlinkat(file.descriptor.rawValue, name, AT_REMOVEDIR) == 0 || errno == ENOENT
    }

    /// Removes what has a name here, and all that is in it. Links are removed and not followed.
    ///
    /// - Returns: whether there is nothing of this name now; false below `depthMax`.
    @discardableResult
    package func removeAll(_ name: String, depthMax: Int = Self.depthMax) -> Bool {
        if (try? remove(name)) != nil { return true }
        guard depthMax > 0, let folder = try? folder(name) else { return removeFolder(name) }
        for name in folder.names() { folder.removeAll(name, depthMax: depthMax - 1) }
        return removeFolder(name)
    }

    /// Makes what was made, renamed or removed in this folder last. Does nothing where that cannot
    /// be done: the change itself has happened.
    package func sync() { try? file.sync() }
}

extension OpenFolder {
    /// Makes a small file whose bytes are on the disk when this returns, though not yet its name.
    ///
    /// - Returns: false when there is something of this name.
    /// - Throws: `FileError`; then there is no file.
    package func make(_ name: String, _ bytes: Data) throws(FileError) -> Bool {
        let file: OpenFile
        do throws(FileError) {
            file = try creating(name)
        } catch {
            if error.code == .fileExists { return false }
            throw error
        }
        do throws(FileError) {
            try file.append(bytes)
            try file.sync(bytes: bytes.count)
        } catch {
            try? remove(name)
            throw error
        }
        return true
    }

    /// Writes a file of this folder as `DurableFile.write` does: under a name of its own, synced
    /// and renamed, so that the old file is there until then.
    ///
    /// - Throws: `FileError`; then the file is as it was.
    package func write(_ bytes: Data, as name: String) throws(FileError) {
        let temporary = ".spotter-\(UUID.random().uuidString)"
        do throws(FileError) {
            guard try make(temporary, bytes) else {
                throw FileError("write", below(temporary), .fileExists)
            }
            try move(temporary, to: self, as: name)
        } catch {
            try? remove(temporary)
            throw error
        }
        sync()
    }
}

/// A name in an open folder, and what has it.
package struct NamedFile: Sendable {
    /// The folder that has the name.
    package let folder: OpenFolder
    /// One name, without a slash.
    package let name: String

    /// Looks at nothing: there need not be a file.
    package init(folder: OpenFolder, name: String) {
        self.folder = folder
        self.name = name
    }

    /// - Returns: nil when the folder of `path` cannot be opened.
    package init?(_ path: String) {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let parent = slash.map { String(path[..<$0]) } ?? "."
        guard let folder = try? OpenFolder(parent.isEmpty ? "/" : parent) else { return nil }
        self.folder = folder
        name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
    }

    /// Of a link, itself; nil when there is nothing.
    package var status: FileStatus? { folder.status(name) }
}
