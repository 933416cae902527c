import FoundationEssentials
import NIOPosix
import Storage
import Vision
import Wire

/// Reads a dataset's manifest into its entries.
struct ManifestJob: JobRunner {
    let context: ServiceContext
    let lease: JobLease
    let project: String
    let type: DatasetType
    let manifest: ObjectLocation

    func run() async throws {
        let bytes = try await context.objects.get(manifest, bytesMax: Limits.manifestBytesMax)
        let (created, location) = (context.now(), manifest)
        let entries = try await context.pool.runIfActive {
            try ManifestReader.entries(of: bytes, name: location.uri, created: created)
        }
        let (project, type, now) = (project, type, context.now())
        try await lease.complete { transaction in
            guard var dataset = try transaction.dataset(project, type) else { return }
            try transaction.removeEntries(project: project, type: type)
            try transaction.addEntries(entries, project: project, type: type)
            dataset.stats = try transaction.countEntries(project: project, type: type)
            dataset.status = .createComplete
            dataset.statusMessage = "The dataset was created from \(location.uri)."
            dataset.updated = now
            try transaction.save(dataset)
        }
    }

    func fail(_ message: String) async throws {
        let (project, type, now) = (project, type, context.now())
        try await lease.complete(error: message) { transaction in
            guard var dataset = try transaction.dataset(project, type) else { return }
            dataset.status = .createFailed
            dataset.statusMessage = message
            dataset.updated = now
            try transaction.save(dataset)
        }
    }
}

/// Turns the bytes of a manifest into dataset entries.
enum ManifestReader {
    /// - Throws: `JobError` naming the line and what is wrong with it.
    static func entries(of bytes: Data, name: String, created: Date) throws -> [DatasetEntry] {
        guard let text = String(bytes: bytes, encoding: .utf8) else {
            throw JobError("The manifest \(name) is not UTF-8 text.")
        }
        var entries: [DatasetEntry] = []
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
            let parsed: GroundTruthLine
            do {
                parsed = try GroundTruthLine(parsing: line)
            } catch {
                throw JobError("Line \(index + 1) of \(name): \(error.message)")
            }
            let references =
                [("source-ref", parsed.imageReference)]
                + (parsed.mask.map { [("the mask reference", $0.reference)] } ?? [])
            for (member, reference) in references where ObjectLocation(uri: reference) == nil {
                throw JobError(
                    "Line \(index + 1) of \(name): \(member) must be s3://BUCKET/KEY, not "
                        + "'\(reference.prefix(120))'.")
            }
            entries.append(
                DatasetEntry(
                    sourceRef: parsed.imageReference, line: String(line),
                    verdict: parsed.verdict?.rawValue, created: created))
            guard entries.count <= Limits.datasetImagesMax else {
                throw JobError(
                    "The manifest \(name) has more than \(Limits.datasetImagesMax) images.")
            }
        }
        guard !entries.isEmpty else { throw JobError("The manifest \(name) has no lines.") }
        return entries
    }
}
