import FoundationEssentials

/// Finds the files that come with a program: in the folder of the executable and all above it, so
/// that an installation's prefix, a bundle and a checkout are all found.
package enum InstalledFile {
    /// Path of this program's file, after links.
    package static var executable: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments.first ?? ""
    }

    /// - Parameters:
    ///   - candidates: relative paths, the preferred one first; a nearer folder comes before them.
    ///   - executable: an absolute path.
    /// - Returns: the first path at which there is something; nil when there is nothing at any.
    package static func find(_ candidates: [String], above executable: String) -> String? {
        var folder = executable
        while let slash = folder.lastIndex(of: "/") {
            folder = String(folder[..<slash])
            for candidate in candidates {
                let path = "\(folder)/\(candidate)"
                if FileManager.default.fileExists(atPath: path) { return path }
            }
        }
        return nil
    }
}
