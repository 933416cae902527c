package import FoundationEssentials
import Storage
package import Vision
package import Wire

/// Bounds of the service, each with its reason.
package enum Limits {
    /// Bytes of a JSON body: 200 tags of the longest are a fifth of it.
    package static let plainBodyBytesMax = 1 << 20
    /// A JSON body of fewer bytes is parsed where it arrives, in a few milliseconds at most.
    package static let inlineBodyBytesMax = 16 << 10
    /// Bytes of a JSON body with the 10 MiB of DatasetChanges in base64.
    package static let jsonBodyBytesMax = 15 << 20
    /// Bytes of a manifest that are held at once: a batch of the longest lines.
    package static let manifestBatchLines = 500
    /// Pictures that a check of a dataset reads at the same time: enough to wait for a store, and
    /// with their masks at most 64 MiB.
    package static let pictureReadsMax = 4
    /// Pictures between two words of progress of such a check: a second or two.
    package static let pictureBatch = 100
    /// Faults of a dataset or a training that are said in words; more are counted.
    package static let faultsShownMax = 100
    /// Training needs these, by the guide of Lookout for Vision: with one dataset …
    package static let splitNormalImagesMin = 20
    /// With one dataset: ten, so that two are left for testing.
    package static let splitAnomalousImagesMin = 10
    /// … and with two. The guide also wants 10 test images of each class, but AWS' own sample has
    /// 8 anomalous ones; figures can be computed from one.
    package static let trainNormalImagesMin = 10
    /// With a test dataset; see `trainNormalImagesMin`.
    package static let testNormalImagesMin = 1
    /// With a test dataset; see `trainNormalImagesMin`.
    package static let testAnomalousImagesMin = 1
    /// One image in five of a single dataset becomes a test image, as in Lookout for Vision.
    package static let testShare = 5
    /// Lines of a training's log: three times what the longest training says.
    package static let trainingLogLinesMax = 40
    /// Counts of detections are kept for so many days: a quarter, as the console's line shows it.
    package static let detectionDaysMax = 90
    /// How often they are written. A process that is killed loses those since the last time.
    package static let detectionCountSeconds: Double = 10
    /// Results of a list call, as the API has them.
    package static let pageSizeDefault = 100
    /// How long the answer to a client token is remembered, by Lookout for Vision's guide.
    package static let clientTokenSeconds: TimeInterval = 8 * 3600
    /// Tags kept on a resource, by the guide of Lookout for Vision.
    package static let tagsMax = 50
    /// A worker that has not renewed for so long is taken for dead.
    package static let leaseSeconds: TimeInterval = 30
    /// Tries of a job that fails for passing reasons.
    package static let jobFailuresMax = 4
    /// Pause before the second of them; each further one is twice as long.
    package static let jobRetrySeconds: TimeInterval = 5
    /// Attempts that ended without a word. Machines that are restarted, one after the other, cost a
    /// job several; a job that kills its workers must end some time.
    package static let jobInterruptionsMax = 8
    /// So many interruptions are taken for chance. After more the job rests, so that one that kills
    /// its workers leaves them to others for a while.
    package static let interruptionsWithoutPauseMax = 2
    /// The first of these rests; each further one is twice as long.
    package static let interruptionPauseSeconds: TimeInterval = 5
    /// The longest pause of a job.
    package static let jobPauseSecondsMax = JobRecord.waitSecondsMax
    /// How often an idle worker looks for jobs that nobody told it of: those whose pause or lease
    /// has ended.
    package static let jobPollMilliseconds = 1_000
    /// Ended jobs stay visible for a week, for people who look into a failure.
    package static let endedJobSeconds: TimeInterval = 7 * 86_400
    /// Objects that no row names are removed after a day; half of it is more than any job takes.
    package static let stagedObjectSeconds: TimeInterval = 86_400
    /// Such objects that are looked up at once.
    package static let stagedObjectsPage = 500
    /// A store that refuses so many removals is left alone until the next time.
    package static let sweepFailuresMax = 64
    /// How often what is no longer needed is removed.
    package static let tidySeconds: TimeInterval = 600
    /// Units of a hosted model: calls that hold an image and a place at once. As many of the
    /// largest images may wait, and no machine has so many threads for one model.
    package static let inferenceUnitsMax = 32
    /// Calls that wait for an inference unit; more would wait longer than clients do.
    package static let waitingCallsPerUnit = 16
    /// Bytes of images that wait for one model; 32 of the largest.
    package static let waitingBytesMax = 256 << 20
    /// Models that are loaded at the same time. Each holds its file twice while it is read.
    package static let modelLoadsMax = 2
    /// How long a call waits for models in use to come to rest, when they leave its own no room.
    /// Clients that are then throttled try again.
    package static let modelRoomSeconds = 5.0
    /// How often such a call looks for room: a small part of what a detection takes.
    package static let modelRoomPollMilliseconds = 50
    /// Runs of a model at once that its memory is counted for, whatever its units: as many as there
    /// are threads for them.
    package static let modelRunsCountedMax = 8
    /// How often a server looks which models are hosted without a notification.
    package static let hostingWatchSeconds = 2.0
    /// The shortest time between two looks, however many notifications arrive.
    package static let hostingWatchPauseSeconds = 0.25
    /// Models that metrics tell apart; the calls of more are counted together.
    package static let countedModelsMax = 1_000
    /// Bytes of a record's parameters in the audit log; more are left out.
    package static let auditParameterBytesMax = 64 << 10
    /// How often a process says that it is alive: four times before it is taken for dead.
    package static let memberBeatSeconds: TimeInterval = 5
    /// A process whose row has not changed for so long is gone. Longer than the restart of a
    /// database that the stores wait for.
    package static let memberGoneSeconds: TimeInterval = 20
    /// After so long its row is removed by the next process that sees it.
    package static let memberForgottenSeconds: TimeInterval = 60
    /// How often audit lines go to the state bucket: what the loss of a machine with its disk
    /// costs.
    package static let auditDeliverySeconds: TimeInterval = 60
    /// Bytes of an object with audit lines. Who reads them holds one of each server.
    package static let auditObjectBytesMax = 2 << 20
    /// Time from the first line of such an object to its last, so that a reader knows how far back
    /// the object with a line of some time may begin. Lines of calls that end together may differ
    /// from their order by less than `auditDisorderSeconds`.
    package static let auditObjectSeconds: TimeInterval = 900
    /// By how much the lines of an object may differ from the order of their times.
    package static let auditDisorderSeconds: TimeInterval = 60
    /// Files with lines that could not be delivered are kept, up to so many times the number of
    /// files: 10 GiB as it comes. A disk must not fill up because a bucket is away.
    package static let auditBacklogFactor = 16
    /// How long a process that stops tries to deliver its last lines: a third of the time that
    /// supervisors wait before they kill.
    package static let auditLastDeliverySeconds: TimeInterval = 10
    /// Versions of the agent's component among which one for a device is looked for: a year of
    /// them, for both processors.
    package static let agentVersionsMax = 24
    /// Bytes of the artifacts of a component version; the bound of AWS IoT Greengrass.
    package static let artifactBytesMax = 2 << 30
}

/// Bounds that the owner of a machine may want otherwise. The values are those of Lookout
/// for Vision's guide, or far above any use where it has none.
package struct AdjustableLimits: Sendable, Equatable {
    /// One of the bounds, as `--limit NAME=NUMBER` sets it.
    package struct Setting: Sendable {
        /// As the option and the environment write it, like `training-images`.
        package let name: String
        /// For people.
        package let meaning: String
        /// What the value may be.
        package let range: ClosedRange<Int>
        let path: any WritableKeyPath<AdjustableLimits, Int> & Sendable
    }

    /// Images of a training dataset, from the guide of Lookout for Vision.
    package var trainingImagesMax = 16_000
    /// Images of a test dataset, from the guide.
    package var testImagesMax = 4_000
    /// Images of a training dataset with masks, from the guide.
    package var segmentationTrainingImagesMax = 8_000
    /// Images of a test dataset with masks, from the guide.
    package var segmentationTestImagesMax = 800
    /// Bytes of a manifest, from the guide.
    package var manifestBytesMax = 1 << 30
    /// Labels in one mask, from the guide.
    package var maskLabelsMax = 20
    /// Bytes of an image file, from the guide; also of a body of DetectAnomalies.
    package var imageBytesMax = ImageLimits.standard.bytesMax
    /// Pixels of an image's longer side, from the guide.
    package var imageSidePixelsMax = ImageLimits.standard.sidePixelsMax
    /// Projects of the installation; the guide has no number.
    package var projectsMax = 1_000
    /// Models of a project at a time; the guide has no number.
    package var modelsPerProjectMax = 1_000
    /// Of each access key, for each operation; 0 is no bound.
    package var requestsPerSecond = 0
    /// Connections at the same time. The bound on open files may allow fewer.
    package var connectionsMax = 1_000
    /// Connections of one address at the same time. Behind a proxy all are the proxy's.
    package var connectionsPerAddressMax = 400

    /// 29 models of 384² pixels with a unit each, as `ModelMemory` counts them: what a machine of
    /// 4 GiB has beside a training.
    package var hostedModelBytesMax = 2 << 30

    /// Bytes of a file of the audit log before the next is begun.
    package var auditFileBytesMax = 64 << 20
    /// Files of the audit log that are kept: with their bytes what a disk must spare.
    package var auditFilesMax = 10

    /// The standard values.
    package init() {}

    /// Every bound once, in the order that help shows them.
    package static let settings = [
        Setting(
            name: "training-images", meaning: "images of a training dataset",
            range: 1...1_000_000, path: \.trainingImagesMax),
        Setting(
            name: "test-images", meaning: "images of a test dataset",
            range: 1...1_000_000, path: \.testImagesMax),
        Setting(
            name: "segmentation-training-images",
            meaning: "images of a training dataset with masks",
            range: 1...1_000_000, path: \.segmentationTrainingImagesMax),
        Setting(
            name: "segmentation-test-images", meaning: "images of a test dataset with masks",
            range: 1...1_000_000, path: \.segmentationTestImagesMax),
        Setting(
            name: "manifest-bytes", meaning: "bytes of a manifest", range: 1...(1 << 40),
            path: \.manifestBytesMax),
        Setting(
            name: "mask-labels", meaning: "labels of a mask", range: 1...VisionLimits.labelsMax,
            path: \.maskLabelsMax),
        Setting(
            name: "image-bytes", meaning: "bytes of an image", range: 1...(256 << 20),
            path: \.imageBytesMax),
        // The device keeps the standard bound of the interface.
        Setting(
            name: "image-side-pixels", meaning: "pixels of an image's side", range: 64...16_384,
            path: \.imageSidePixelsMax),
        Setting(
            name: "projects", meaning: "projects", range: 1...1_000_000, path: \.projectsMax),
        Setting(
            name: "models", meaning: "models of a project", range: 1...1_000_000,
            path: \.modelsPerProjectMax),
        Setting(
            name: "requests-per-second",
            meaning: "requests a second of an operation by one access key; 0: no bound",
            range: 0...1_000_000, path: \.requestsPerSecond),
        Setting(
            name: "connections", meaning: "connections at the same time", range: 10...30_000,
            path: \.connectionsMax),
        Setting(
            name: "connections-per-address",
            meaning: "connections of one address, also a proxy's, at the same time",
            range: 1...30_000, path: \.connectionsPerAddressMax),
        Setting(
            name: "hosted-model-bytes", meaning: "bytes of the hosted models kept in memory",
            range: (64 << 20)...(1 << 40), path: \.hostedModelBytesMax),
        Setting(
            name: "audit-file-bytes", meaning: "bytes of a file of the audit log",
            range: 1...(1 << 40), path: \.auditFileBytesMax),
        Setting(
            name: "audit-files", meaning: "files of the audit log", range: 1...10_000,
            path: \.auditFilesMax),
    ]

    /// Takes a setting like `projects=10`.
    ///
    /// - Returns: what is wrong with it; nil when it was taken.
    package mutating func set(_ text: String) -> String? {
        let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, let setting = Self.settings.first(where: { $0.name == sides[0] })
        else {
            let names = Self.settings.map(\.name).joined(separator: ", ")
            return "'\(text)' is no limit; write NAME=NUMBER with one of the names \(names)."
        }
        guard let value = Int(sides[1]), setting.range.contains(value) else {
            return "'\(sides[1])' is no value of \(setting.name); it takes "
                + "\(setting.range.lowerBound) to \(setting.range.upperBound)."
        }
        self[keyPath: setting.path] = value
        return nil
    }

    /// The bounds of an image, as the decoder takes them.
    package var image: ImageLimits {
        ImageLimits(bytesMax: imageBytesMax, sidePixelsMax: imageSidePixelsMax)
    }

    /// The most bytes that a request's body may have; a longer one is refused unread.
    package func bodyBytesMax(_ body: Operation.Body) -> Int {
        switch body {
        case .payload: imageBytesMax
        case .documentWithBlob: Limits.jsonBodyBytesMax
        case .document: Limits.plainBodyBytesMax
        }
    }

    func imagesMax(_ type: DatasetType) -> Int {
        switch type {
        case .train: trainingImagesMax
        case .test: testImagesMax
        }
    }
}
