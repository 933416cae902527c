import FoundationEssentials

/// Bounds of the console, each with its reason.
enum ConsoleLimits {
    /// Bytes of a form or a list of labels: a page of 100 entries with names of 1,024 bytes.
    static let formBytesMax = 256 << 10
    /// A session ends after so long without a request: a working day with its breaks.
    static let idleSeconds: TimeInterval = 10 * 3600
    /// A session ends after so long in any case: people sign in on Monday.
    static let sessionSeconds: TimeInterval = 7 * 86_400
    /// A link that is not used ends: long enough to walk to another machine.
    static let linkSeconds: TimeInterval = 15 * 60
    /// Sessions and links of one user; the oldest programs that sign in again and again end there.
    static let sessionsPerUserMax = 100
    /// Characters of a key that a refused attempt named, in the audit log: twice those of a key.
    static let keyCharactersMax = 40
    /// How long a browser keeps whether pages are dark: a year.
    static let themeSeconds: TimeInterval = 365 * 86_400
    /// How old the time of a session's last request may be before it is written again.
    static let seenSeconds: TimeInterval = 60
    /// Failed attempts to sign in from one address …
    static let attemptsMax = 10
    /// … in so long.
    static let attemptSeconds: TimeInterval = 300
    /// Addresses that failed attempts are counted for.
    static let addressesMax = 10_000
    /// Images on a page of the gallery, as many as the API lists at once.
    static let galleryPage = 100
    /// Pixels of a thumbnail's longer side: two on a phone of 360 pixels.
    static let thumbnailPixels = 176
    /// Bytes of thumbnails that are kept in memory: 4,000 of 8 KB.
    static let thumbnailCacheBytes = 32 << 20
    /// Bytes of an evaluation's manifest: 20,000 images with lines of 1.6 KB.
    static let evaluationBytesMax = 32 << 20
    /// Evaluations that are kept in memory: two that are compared and two of somebody else, of 8 MB
    /// with 20,000 images.
    static let resultsKeptMax = 4
    /// Orders of galleries that are kept in memory: those of ten people who turn pages, of 130 KB
    /// with 16,000 images.
    static let ordersKeptMax = 10
    /// Groups of lookalikes that are kept in memory: of two datasets and two people, of 2 MB with
    /// 16,000 images.
    static let groupsKeptMax = 4
    /// Answers to whether somebody may train a project that are kept: fifty people with one each.
    static let rightsKeptMax = 50
    /// How long such an answer is good: a policy may allow something up to a time.
    static let rightsSeconds: TimeInterval = 60
    /// Models on the page of a project: as many as a project has unless the operator allows more.
    static let modelsMax = 1_000
    /// Packaging jobs on a page of a project: those of a few weeks.
    static let packagesPage = 25
    /// Images on a report: two sheets of paper.
    static let reportImagesMax = 24
    /// Images that two models judge differently, on one page; the others are counted.
    static let changedImagesMax = 200
    /// Keys of a bucket that are listed at once, as S3 does.
    static let keysPage = 1_000
    /// Bytes of a manifest that is brought in from a bucket by way of the browser, which holds it:
    /// 20,000 lines of 1.6 KB. A larger one makes a dataset of its own with CreateDataset.
    static let manifestBytesMax = 32 << 20
    /// Entries of a dataset whose lines are all read for the labels of its filter: a tenth of a
    /// second.
    static let quickEntriesMax = 2_000
    /// Bits of 64 that near-duplicates may differ in: the next frame of a camera that stands still
    /// differs in up to 4, another part of the same kind in more than 10.
    static let lookalikeBitsMax = 6
    /// How long a request looks at pictures it has not seen before: people wait so long for a page
    /// and see it grow.
    static let lookalikeMilliseconds = 1_500
    /// Days that the line of a project shows.
    static let sparklineDays = 30
    /// Jobs that failed are shown for so long: whoever comes back from a week away sees them.
    static let failedJobsSeconds: TimeInterval = 7 * 86_400
    /// Of those, on one page.
    static let failedJobsMax = 50
    /// How far back the audit log is searched: as long as ten files of 64 MiB usually reach.
    static let auditDaysMax = 90
    /// Lines of it on one page.
    static let auditLinesMax = 200
    /// Entries of one change of a dataset from the gallery.
    static let changesMax = 500
    /// Bytes of a package's archive that a browser gets in one piece: packages with Spotter's own
    /// networks have up to 60 MB, those with somebody's backbone more. Larger ones come by S3.
    static let archiveBytesMax = 256 << 20
}
