package import FoundationEssentials

/// Bounds of the service, each with its reason.
package enum Limits {
    /// Bytes of a JSON body: the 10 MiB of DatasetChanges in base64, and room for the rest.
    package static let jsonBodyBytesMax = 15 << 20
    /// Bytes of a manifest; 16,000 lines of 8 KiB are half of it.
    package static let manifestBytesMax = 256 << 20
    /// Images of a dataset, as the original's guide has them.
    package static let datasetImagesMax = 20_000
    /// Training needs these, as the original's guide has them: with one dataset …
    package static let splitNormalImagesMin = 20
    package static let splitAnomalousImagesMin = 10
    /// … and with two. The guide also wants 10 test images of each class, but AWS' own sample has
    /// 8 anomalous ones; figures can be computed from one.
    package static let trainNormalImagesMin = 10
    package static let testNormalImagesMin = 1
    package static let testAnomalousImagesMin = 1
    /// One image in five of a single dataset becomes a test image, as in the original.
    package static let testShare = 5
    /// Results of a list call, as the API has them.
    package static let pageSizeDefault = 100
    /// How long the answer to a client token is remembered, as the original's guide has it.
    package static let clientTokenSeconds: TimeInterval = 8 * 3600
    /// Tags kept on a resource, as the original's guide has them.
    package static let tagsMax = 50
    /// A worker that has not renewed for so long is taken for dead.
    package static let leaseSeconds: TimeInterval = 30
    /// Three tries outlast a restart or two, but not a job that kills its worker.
    package static let jobAttemptsMax = 3
    /// Pause before another try of a job that failed for a passing reason.
    package static let jobRetrySeconds: TimeInterval = 5
    /// How often an idle worker looks for jobs.
    package static let jobPollMilliseconds = 200
    /// Ended jobs stay visible for a week, for whoever looks into a failure.
    package static let endedJobSeconds: TimeInterval = 7 * 86_400
    /// Bytes of one component artifact that the registry takes.
    package static let artifactBytesMax = 512 << 20
}
