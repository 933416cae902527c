/// Bounds of buckets that are directories.
package enum DirectoryLimits {
    /// What Linux file systems allow for one name.
    package static let componentBytesMax = 255
    /// As in S3: numbers of parts go from 1 to this.
    package static let partsMax = 10_000
    /// As in S3: of every part but the last.
    package static let partBytesMin = 5 << 20
    /// S3 takes 8 KB of headers, 2 KB of them the user's own; this leaves room for their JSON.
    package static let recordBytesMax = 64 << 10
}
