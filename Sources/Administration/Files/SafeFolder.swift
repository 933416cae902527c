import Base
import SystemPackage

/// Opens files below a folder by paths that somebody else wrote: no link is followed on the way.
struct SafeFolder {
    private let root: OpenFile

    init(_ path: String) throws { root = try OpenFile.folder(path) }

    /// - Parameter components: names, none of them empty, `.` or `..`.
    /// - Returns: nil when there is no such file, or a link in the way.
    func file(_ components: [String]) throws -> OpenFile? {
        let absent: [Errno] = [
            .noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels,
            .noSuchAddressOrDevice,
        ]
        guard let name = components.last else { return nil }
        let path = "\(root.path)/\(components.joined(separator: "/"))"
        do throws(FileError) {
            var folder = root
            for name in components.dropLast() {
                folder = try folder.entry(name, [.directory], path: path)
            }
            let file = try folder.entry(name, [.nonBlocking], path: path)
            return file.status?.isFile ?? false ? file : nil
        } catch {
            if absent.contains(error.code) { return nil }
            throw error
        }
    }
}
