import Base
import Crypto
import FoundationEssentials
import SystemPackage

/// A file on its way, in a folder from which a crash's leftovers are removed. Locked while it is
/// written, so that another process does not take it for one.
struct TemporaryFile: Sendable {
    let file: OpenFile
    private let folder: OpenFolder
    private let name: String
    private var hash: Insecure.MD5?
    private var blockHash = BlockHash()
    private var count = 0

    /// - Parameter hashing: whether the MD5 is computed on the way.
    /// - Throws: `noSuchBucket` when it was removed, `invalidName` when a link is in the way.
    init(in bucket: BucketFolder, hashing: Bool = true) throws(StorageError) {
        let name = Hex.random()
        (folder, file) = try bucket.below(BucketFolder.temporaryName) {
            // Another process that just starts may remove the empty folder again.
            for _ in 0..<7 {
                let folder = try bucket.made(BucketFolder.temporaryName)
                do throws(FileError) {
                    return (folder, try folder.creating(name))
                } catch {
                    guard error.code == .noSuchFileOrDirectory else { throw error }
                }
            }
            let folder = try bucket.made(BucketFolder.temporaryName)
            return (folder, try folder.creating(name))
        }
        self.name = name
        _ = file.tryLock()
        hash = hashing ? Insecure.MD5() : nil
    }

    /// Of the bytes so far, in hexadecimal; nil when it is not computed.
    var md5: String? { hash.map { Hex.encode($0.finalize()) } }

    /// Of the bytes so far.
    var blocks: BlockChecksums { blockHash.checksums }

    mutating func append(_ bytes: Data) throws(StorageError) {
        try onDisk {
            try DiskSpace.checkRoom(file.path)
            try file.append(bytes)
        }
        count += bytes.count
        hash?.update(data: bytes)
        blockHash.update(bytes)
    }

    /// Appends another file in pieces and shows each to `onBytes`.
    mutating func append(contentsOf source: CheckedFile, onBytes: ((Data) throws -> Void)? = nil)
        throws
    {
        var offset = 0
        while true {
            let piece = try source.bytes(at: offset, count: OpenFile.pieceBytes)
            if piece.isEmpty { return }
            try append(piece)
            try onBytes?(piece)
            offset += piece.count
        }
    }

    /// Sets the time of the last change, as far as the file system can tell times apart.
    func stamp(nanoseconds: Int) throws(StorageError) -> FileStatus {
        try onDisk {
            try file.setModified(nanoseconds: nanoseconds)
            guard let status = file.status else { throw FileError("write", file.path) }
            return status
        }
    }

    /// Waits until the bytes are on the disk.
    ///
    /// - Throws: `damaged` when the file has not got all bytes that were appended.
    func sync() throws(StorageError) {
        try onDisk {
            try file.sync()
            guard let size = file.status?.size else { throw FileError("write", file.path) }
            guard size == count else {
                throw StorageError(
                    .damaged,
                    "The disk took \(count) bytes of \(file.path) and has \(size) of them.",
                    clientMessage: "The disk did not keep what it took. Try again.")
            }
        }
    }

    /// Gives the file its place, and takes it from here. It stays open.
    func move(to folder: OpenFolder, as newName: String) throws(FileError) {
        try self.folder.move(name, to: folder, as: newName)
    }

    /// Ends the writing and removes the name that the file has here, if it still has it.
    func discard() {
        try? folder.remove(name)
        file.close()
    }
}
