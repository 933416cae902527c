import Glibc
import SystemPackage

extension OpenFolder {
    /// Lets what has a name here and what has another one in `folder` change places, at once.
    ///
    /// - Throws: `FileError`, also on a file system that cannot do so; then nothing has changed.
    package func exchange(_ name: String, with other: String, in folder: OpenFolder)
        throws(FileError)
    {
        try check(name)
        try folder.check(other)
        guard let rename = Self.renameWithFlags else {
            throw FileError("write", folder.below(other), .notSupported)
        }
        guard
            rename(
                file.descriptor.rawValue, name, folder.file.descriptor.rawValue, other,
                Self.exchangeFlag) == 0
        else { throw FileError("write", folder.below(other)) }
    }

    private typealias RenameWithFlags =
        @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32

    /// `renameat2`, which glibc has since 2.28 though not in the headers that Swift sees.
    private static let renameWithFlags = dlsym(nil, "renameat2").map {
        unsafeBitCast($0, to: RenameWithFlags.self)
    }
    /// `RENAME_EXCHANGE`, of Linux since 3.15.
    private static let exchangeFlag: UInt32 = 2

    /// Gives a file of this folder a second name in another one of the same file system.
    ///
    /// - Throws: `FileError`, also when there is something of that name.
    package func link(_ name: String, to folder: OpenFolder, as newName: String)
        throws(FileError)
    {
        try check(name)
        try folder.check(newName)
        guard
            linkat(
                file.descriptor.rawValue, name, folder.file.descriptor.rawValue, newName, 0) == 0
        else { throw FileError("write", folder.below(newName)) }
    }
}
