/// Bounds of buckets that are directories.
package enum DirectoryLimits {
    /// What Linux file systems allow for one name.
    package static let componentBytesMax = 255
    /// As in S3: numbers of parts go from 1 to this.
    package static let partsMax = 10_000
    /// Of one bucket. S3 has no bound; SDKs have one upload for each file that they send, a hundred
    /// at once at most, and what a client left behind must not fill the disk's folders.
    package static let uploadsMax = 1_000
    /// A week without a new part: longer than any pause of a client that goes on, and the age that
    /// AWS's guide takes for its rule about uploads that were left behind.
    package static let uploadIdleSecondsMax = 7 * 86_400
    /// As in S3: of every part but the last.
    package static let partBytesMin = 5 << 20
    /// 10,000 parts with their numbers, sizes and SHA-256 are 1.1 MB of JSON; S3 takes 8 KB of
    /// headers beside them.
    package static let recordBytesMax = 2 << 20
    /// Files that no list can show and that a process names in its log; more are of one cause.
    package static let unlistedNamesMax = 100
    /// A CORS document of the 64 KB that S3 takes, as JSON with its names and escapes, and 50 tags.
    package static let settingsBytesMax = 256 << 10
}
