import FoundationEssentials
import NIOPosix
import Storage
import Vision

/// Reads the pictures that lines name, without decoding more than it must: headers and structure of
/// images, and the marks of masks.
struct PictureCheck: Sendable {
    /// What the pictures of a line turned out to be.
    struct Finding: Sendable {
        /// Sentences that name a picture and what is wrong with it.
        var faults: [String] = []
        /// Locations where no object is.
        var missing: [String] = []
        /// Locations that the user may not read, whether or not an object is there.
        var forbidden: [String] = []
        /// nil for an image that is missing, forbidden or faulty.
        var header: ImageHeader?
        /// The highest sample of an image of 16-bit samples, if that was to be measured.
        var highestSample: UInt16?
        /// Names of the labels that the mask shows; nil without a mask that can be read.
        var marks: Set<String>?
    }

    let context: ServiceContext
    /// Whose rights decide what is read; nil reads everything.
    var rights: PictureRights?
    /// Whether `highestSample` is wanted, for which images of 16-bit samples are decoded.
    var measuresSamples = false

    /// - Returns: a finding for each line, in their order.
    /// - Throws: `StorageError` while the store is out of reach.
    func findings(of lines: [ManifestLine]) async throws -> [Finding] {
        var findings = [Finding](repeating: Finding(), count: lines.count)
        try await withThrowingTaskGroup(of: (Int, Finding).self) { group in
            for (index, line) in lines.enumerated() {
                if index >= Limits.pictureReadsMax, let (done, finding) = try await group.next() {
                    findings[done] = finding
                }
                group.addTask { (index, try await finding(of: line)) }
            }
            for try await (done, finding) in group { findings[done] = finding }
        }
        return findings
    }

    private func finding(of line: ManifestLine) async throws -> Finding {
        var finding = Finding()
        let limits = context.limits.image
        if let bytes = try await bytes(line.source, "image", &finding) {
            do {
                (finding.header, finding.highestSample) = try await context.pools.jobs.runIfActive {
                    let header = try ImageDecoder.inspect(
                        bytes, name: line.source, limits: limits)
                    let highest =
                        measuresSamples && header.sampleBits == 16
                        ? try SampleBits.highest(of: bytes, name: line.source, limits: limits)
                        : nil
                    return (header, highest)
                }
            } catch let error as VisionError {
                finding.faults.append(error.message)
            }
        }
        guard let mask = line.mask, let png = try await bytes(mask.reference, "mask", &finding),
            let size = finding.header?.size
        else { return finding }
        do {
            let labels = MaskClass.labels(of: mask.classes)
            let marks = try await context.pools.jobs.runIfActive {
                try LabelMask(
                    png: png, classes: mask.classes, labels: labels, imageWidth: size.width,
                    imageHeight: size.height, name: mask.reference, limits: limits
                ).marks
            }
            finding.marks = Set(marks.map { labels[Int($0) - 1].name })
        } catch let error as VisionError {
            finding.faults.append(error.message)
        }
        if line.verdict == .normal, let marks = finding.marks, !marks.isEmpty {
            finding.faults.append(
                "The image \(line.source) is labelled normal, but its mask \(mask.reference) marks "
                    + "\(marks.sorted().joined(separator: ", ")). Correct one of them.")
        }
        return finding
    }

    /// - Returns: nil for an object that is missing, forbidden or that cannot be had, which is then
    ///   noted.
    private func bytes(_ reference: String, _ kind: String, _ finding: inout Finding) async throws
        -> Data?
    {
        guard let location = ObjectLocation(uri: reference) else {
            finding.faults.append(
                "The \(kind) '\(reference.prefix(120))' is not s3://BUCKET/KEY.")
            return nil
        }
        guard rights?.allowReading(location) != false else {
            finding.forbidden.append(reference)
            return nil
        }
        let limit = context.limits.image.bytesMax
        do {
            return try await context.objects.get(location, bytesMax: limit)
        } catch let error as StorageError {
            switch error.code {
            case .full, .unavailable: throw error
            case .noSuchBucket, .noSuchObject, .invalidName: finding.missing.append(reference)
            case .tooLarge:
                finding.faults.append(
                    "The \(kind) \(reference) has more than \(limit) bytes, which is the limit.")
            default: finding.faults.append("The \(kind) \(reference): \(error.clientMessage)")
            }
            return nil
        }
    }
}
