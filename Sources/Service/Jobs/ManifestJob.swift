import FoundationEssentials
import NIOPosix
import Storage
import Vision
import Wire

/// Reads a dataset's manifest into its entries, batch by batch: it may be larger than the memory.
/// Until the last batch is in, the dataset is CREATE_IN_PROGRESS; after a failure it is empty.
struct ManifestJob: JobRunner {
    let context: ServiceContext
    let lease: JobLease
    let project: String
    let type: DatasetType
    let manifest: ObjectLocation

    func run() async throws {
        let (project, type) = (project, type)
        // An attempt before this one may have left some.
        try await lease.update { try $0.removeEntries(project: project, type: type) }
        var reader = ManifestReader(
            name: manifest.uri, linesMax: context.limits.imagesMax(type),
            maskLabelsMax: context.limits.maskLabelsMax, created: context.now())
        var batch: [DatasetEntry] = []
        let bytesMax = context.limits.manifestBytesMax
        try await context.objects.read(manifest, bytesMax: bytesMax) { chunk in
            let (entries, next) = try await context.pool.runIfActive { [reader] in
                var reader = reader
                return (try reader.entries(in: chunk), reader)
            }
            reader = next
            batch += entries
            guard batch.count >= Limits.manifestBatchLines else { return }
            try await add(batch)
            batch = []
        }
        batch += try reader.lastEntry()
        let (rest, location, now) = (batch, manifest, context.now())
        try await lease.complete { transaction in
            guard var dataset = try transaction.dataset(project, type) else { return }
            try transaction.addEntries(rest, project: project, type: type)
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
            try transaction.removeEntries(project: project, type: type)
            dataset.status = .createFailed
            dataset.statusMessage = message
            dataset.updated = now
            try transaction.save(dataset)
        }
    }

    private func add(_ batch: [DatasetEntry]) async throws {
        let (project, type) = (project, type)
        try await lease.update { try $0.addEntries(batch, project: project, type: type) }
    }
}

/// Applies the changes that UpdateDatasetEntries kept: all of them, or none.
struct UpdateJob: JobRunner {
    let context: ServiceContext
    let lease: JobLease
    let project: String
    let type: DatasetType

    func run() async throws {
        let (project, type, now) = (project, type, context.now())
        let (linesMax, maskLabelsMax) = (
            context.limits.imagesMax(type), context.limits.maskLabelsMax
        )
        let changes = try await context.metadata.read {
            try $0.change(project: project, type: type)
        }
        guard let changes else { throw JobError("The changes are gone.") }
        let entries = try await context.pool.runIfActive {
            var reader = ManifestReader(
                name: "Changes", linesMax: linesMax, maskLabelsMax: maskLabelsMax, created: now)
            return try reader.entries(in: changes) + reader.lastEntry()
        }
        try await lease.complete { transaction in
            guard var dataset = try transaction.dataset(project, type) else { return }
            try transaction.addEntries(entries, project: project, type: type)
            dataset.stats = try transaction.countEntries(project: project, type: type)
            guard dataset.stats.total <= linesMax else {
                throw JobError(
                    "The dataset would have \(dataset.stats.total) images; at most \(linesMax) "
                        + "are allowed.")
            }
            dataset.status = .updateComplete
            dataset.statusMessage = "\(entries.count) entries were added or replaced."
            dataset.updated = now
            try transaction.save(dataset)
            try transaction.saveChange(nil, project: project, type: type)
        }
    }

    func fail(_ message: String) async throws {
        let (project, type, now) = (project, type, context.now())
        try await lease.complete(error: message) { transaction in
            guard var dataset = try transaction.dataset(project, type) else { return }
            dataset.status = .updateFailedRollbackComplete
            dataset.statusMessage = "Nothing was changed. \(message)"
            dataset.updated = now
            try transaction.save(dataset)
            try transaction.saveChange(nil, project: project, type: type)
        }
    }
}

/// Turns JSON lines into dataset entries, given piece by piece.
///
/// Every method throws `JobError` naming the line and what is wrong with it.
struct ManifestReader {
    let name: String
    /// More lines are too many.
    let linesMax: Int
    let maskLabelsMax: Int
    let created: Date

    private var pending = Data()
    private var lineNumber = 0
    private var count = 0

    init(name: String, linesMax: Int, maskLabelsMax: Int, created: Date) {
        self.name = name
        self.linesMax = linesMax
        self.maskLabelsMax = maskLabelsMax
        self.created = created
    }

    /// - Returns: the entries of the lines that end in `chunk`.
    mutating func entries(in chunk: Data) throws -> [DatasetEntry] {
        var entries: [DatasetEntry] = []
        var rest = chunk[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            pending.append(rest[..<end])
            rest = rest[rest.index(after: end)...]
            if let entry = try entry() { entries.append(entry) }
        }
        pending.append(rest)
        guard pending.count <= VisionLimits.manifestLineBytesMax + 1 else {
            lineNumber += 1
            throw error("is longer than \(VisionLimits.manifestLineBytesMax) bytes.")
        }
        return entries
    }

    /// - Returns: what stood after the last line's end.
    mutating func lastEntry() throws -> [DatasetEntry] {
        let last = try entry()
        guard count > 0 else { throw JobError("\(name) has no lines.") }
        return last.map { [$0] } ?? []
    }

    private mutating func entry() throws -> DatasetEntry? {
        defer { pending.removeAll(keepingCapacity: true) }
        lineNumber += 1
        guard let text = String(bytes: pending, encoding: .utf8) else {
            throw error("is not UTF-8 text.")
        }
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return nil }
        let line = text[first...last]
        count += 1
        guard count <= linesMax else {
            throw JobError("\(name) has more than \(linesMax) lines, which is the limit of images.")
        }
        let parsed: GroundTruthLine
        do {
            parsed = try GroundTruthLine(parsing: line)
        } catch {
            throw JobError("Line \(lineNumber) of \(name): \(error.message)")
        }
        try check(parsed)
        return DatasetEntry(
            sourceRef: parsed.imageReference, line: String(line),
            verdict: parsed.verdict?.rawValue, created: created)
    }

    private func check(_ line: GroundTruthLine) throws {
        let references =
            [("source-ref", line.imageReference)]
            + (line.mask.map { [("the mask reference", $0.reference)] } ?? [])
        for (member, reference) in references where ObjectLocation(uri: reference) == nil {
            throw JobError(
                "Line \(lineNumber) of \(name): \(member) must be s3://BUCKET/KEY, not "
                    + "'\(reference.prefix(120))'.")
        }
        let labels = line.mask?.classes.count {
            $0.name.lowercased() != GroundTruthLine.backgroundName
        }
        if let labels, labels > maskLabelsMax {
            throw error(
                "names \(labels) labels in its mask; at most \(maskLabelsMax) may be.")
        }
    }

    private func error(_ reason: String) -> JobError {
        JobError("Line \(lineNumber) of \(name) \(reason)")
    }
}
