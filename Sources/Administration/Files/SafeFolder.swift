import Base
import SystemPackage

/// Opens files below a folder by paths that somebody else wrote: no link is followed on the way.
struct SafeFolder {
    private let root: OpenFolder

    init(_ path: String) throws { root = try OpenFolder(path) }

    /// - Parameter components: names, none of them empty, `.` or `..`.
    /// - Returns: nil when there is no such file, or a link in the way.
    func file(_ components: [String]) throws -> OpenFile? {
        let absent: [Errno] = [.notDirectory, .tooManySymbolicLinkLevels]
        guard let name = components.last else { return nil }
        do throws(FileError) {
            var folder = root
            for name in components.dropLast() {
                guard let below = try folder.folder(name) else { return nil }
                folder = below
            }
            guard let file = try folder.reading(name), file.status?.isFile ?? false else {
                return nil
            }
            return file
        } catch {
            if absent.contains(error.code) { return nil }
            throw error
        }
    }
}
