import FoundationEssentials
import NIOPosix
import Storage

/// Takes the lines of a manifest into entries of a dataset. It checks every line and the pictures
/// that it names, and goes on behind what is wrong, so that all of it is known at once.
struct DatasetIntake: Sendable {
    private let context: ServiceContext
    private let project: String
    private let name: String
    private let created: Date
    private let rights: PictureRights?
    private var reader: ManifestReader
    private var faults = FaultList()
    private var notes = DatasetNotes()
    /// Images that lines take out of the dataset; nil where no line may.
    private(set) var removals: Set<String>?

    /// - Parameters:
    ///   - name: what messages call the manifest.
    ///   - linesMax: more lines are too many.
    ///   - rights: of the user who wants the entries; nil for the root key.
    ///   - takesRemovals: whether lines may take images out, which changes of a dataset may.
    init(
        context: ServiceContext, project: String, name: String, linesMax: Int,
        rights: PictureRights?, takesRemovals: Bool = false
    ) {
        self.context = context
        self.project = project
        self.name = name
        self.rights = rights
        removals = takesRemovals ? [] : nil
        created = context.now()
        reader = ManifestReader(name: name, linesMax: linesMax)
    }

    /// - Returns: the entries of the lines that end in `chunk`, those with faults left out.
    /// - Throws: `ManifestError` for what is not a manifest; `StorageError` while the store of the
    ///   pictures is out of reach.
    mutating func entries(in chunk: Data) async throws -> [DatasetEntry] {
        let (lines, next) = try await context.pools.jobs.runIfActive { [reader] in
            var reader = reader
            return (try reader.lines(in: chunk), reader)
        }
        reader = next
        return try await entries(of: lines)
    }

    /// - Returns: the entry of what stood after the last line's end.
    /// - Throws: `JobError` naming all faults of all lines, and as `entries` does.
    mutating func lastEntries() async throws -> [DatasetEntry] {
        let entries = try await entries(of: try reader.lastLine())
        if let message = faults.message({ "\($0) faults in \(name):" }) {
            throw JobError(message)
        }
        return entries
    }

    /// What the owner should know.
    func saying() async throws -> DatasetSaying {
        let project = project
        let record = try await context.metadata.read { try $0.project(project) }
        return notes.saying(
            project: project, user: rights?.user,
            acceptsMixedSizes: record?.settings?.acceptsMixedSizes == true)
    }

    private mutating func entries(of lines: [ManifestReader.Line]) async throws -> [DatasetEntry] {
        let rules = ManifestRules(maskLabelsMax: context.limits.maskLabelsMax)
        let checked = lines.map { line in
            (line.number, line.content.flatMap { content in rules.checked(content) })
        }
        let good = checked.compactMap { try? $0.1.get() }.filter { !$0.isRemoval }
        var findings = try await PictureCheck(context: context, rights: rights)
            .findings(of: good)[...]
        var entries: [DatasetEntry] = []
        for (number, content) in checked {
            switch content {
            case .failure(let error): fault(number, error.message)
            case .success(let line) where line.isRemoval:
                if removals == nil {
                    fault(number, "has \(ManifestLine.removalMember), which changes may have only.")
                }
                removals?.insert(line.source)
            case .success(let line):
                removals?.remove(line.source)
                guard let finding = findings.popFirst() else { continue }
                finding.faults.forEach { fault(number, $0) }
                // What people outlined is an anomaly, whether they also said so or not.
                let verdict =
                    line.verdict ?? finding.marks.map { $0.isEmpty ? .normal : .anomaly }
                notes.add(line, number, finding, verdict: verdict)
                entries.append(
                    DatasetEntry(
                        sourceRef: line.source, line: line.text, verdict: verdict?.rawValue,
                        created: created))
            }
        }
        return entries
    }

    private mutating func fault(_ number: Int, _ message: String) {
        faults.add("Line \(number) of \(name): \(message)")
    }
}
