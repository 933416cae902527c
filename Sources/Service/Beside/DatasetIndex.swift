import Base
package import FoundationEssentials
import NIOPosix
import Storage
package import Vision
package import Wire

/// What the entries of a dataset say, in memory: for questions that the API's list cannot answer.
package struct DatasetIndex: Sendable {
    /// One entry.
    package struct Entry: Sendable {
        package let source: String
        /// As the manifest has it; nil for an image without a label.
        package let verdict: ManifestLine.Verdict?
        package let mask: ManifestLine.Mask?
        /// Of defect, as the label says it.
        package let kind: String?
        /// Its place in the order of first addition; later entries have higher ones.
        package let position: Int
        /// As the dataset keeps it; equal bytes need not be read again.
        fileprivate let document: Data
    }

    /// Another one for every state of a dataset that was read.
    package let id = UUID.random()
    /// The newest first, as the API lists them.
    package let entries: [Entry]
    /// The dataset as it was: another one when anything has been changed.
    fileprivate let dataset: DatasetRecord
    /// The labels of all masks, the commonest first, each with its commonest colour.
    package let labels: [LabelClass]
    /// The labels of all masks and the kinds of defects of all images, by name, so that they
    /// stay in their order while people label.
    package let names: [String]

    fileprivate init(_ entries: [Entry], _ dataset: DatasetRecord) {
        self.entries = entries
        self.dataset = dataset
        var counts: [String: [String: Int]] = [:]
        for entry in entries {
            for label in MaskClass.labels(of: entry.mask?.classes ?? []) {
                counts[label.name, default: [:]][label.color, default: 0] += 1
            }
        }
        let ranked = counts.map { name, colors in
            let commonest = colors.max { ($0.value, $1.key) < ($1.value, $0.key) }
            return (name, commonest?.key ?? "#000000", colors.values.reduce(0, +))
        }
        labels = ranked.sorted { ($1.2, $0.0) < ($0.2, $1.0) }
            .map { LabelClass(name: $0.0, color: $0.1) }
        names = Self.byName(Set(counts.keys).union(entries.compactMap(\.kind)))
    }

    /// In the order in which people look names up.
    package static func byName(_ names: Set<String>) -> [String] {
        names.map { ($0.lowercased(), $0) }.sorted { $0 < $1 }.map(\.1)
    }

    /// The references before and after one in the order of `entries`; nil at the ends.
    package func neighbours(of source: String) -> [String?] {
        guard let place = entries.firstIndex(where: { $0.source == source }) else {
            return [nil, nil]
        }
        return [place - 1, place + 1].map {
            entries.indices.contains($0) ? entries[$0].source : nil
        }
    }
}

/// The indexes that were asked for last.
package final class DatasetIndexes: Sendable {
    /// Datasets whose indexes are kept: each takes about 20 MB with 16,000 entries.
    private static let keptMax = 4

    private struct Key: Equatable {
        let project: String
        let type: DatasetType
    }

    private let kept = RecentValues<Key, DatasetIndex>(countMax: keptMax)

    /// None are kept at first.
    package init() {}

    /// The names of a dataset's labels and kinds of defects as they were when somebody last asked
    /// for its index; nil for one that is not kept.
    package func knownNames(of project: String, _ type: DatasetType) -> [String]? {
        index(project, type)?.names
    }

    fileprivate func index(_ project: String, _ type: DatasetType) -> DatasetIndex? {
        kept.value(Key(project: project, type: type))
    }

    fileprivate func keep(_ index: DatasetIndex, _ project: String, _ type: DatasetType) {
        kept.keep(index, Key(project: project, type: type))
    }
}

extension Operations {
    /// What the entries of a dataset say. It is read again when the dataset has changed, and then
    /// only what is new in it.
    ///
    /// - Throws: `accessDenied` without ListDatasetEntries; `resourceNotFound`.
    package func index(
        of project: String, _ type: DatasetType, in indexes: DatasetIndexes
    ) async throws -> DatasetIndex {
        try await authorize(.listDatasetEntries, .object(["ProjectName": .string(project)]))
        let known = indexes.index(project, type)
        let found = try await context.metadata.read {
            transaction -> (DatasetRecord, [(position: Int, document: Data)]) in
            let dataset = try Lookup.dataset(project, type, transaction)
            if dataset == known?.dataset { return (dataset, []) }
            return (dataset, try transaction.entryDocuments(project: project, type: type))
        }
        let (dataset, rows) = found
        if let known, dataset == known.dataset { return known }
        let entries = try await context.pools.images.runIfActive {
            let old = Dictionary(
                (known?.entries ?? []).map { ($0.position, $0) }, uniquingKeysWith: { $1 })
            return try rows.compactMap { row -> DatasetIndex.Entry? in
                if let entry = old[row.position], entry.document == row.document { return entry }
                let text = try DatasetEntry(document: row.document).line
                guard let line = try? ManifestLine(parsing: text) else { return nil }
                return DatasetIndex.Entry(
                    source: line.source, verdict: line.verdict, mask: line.mask,
                    kind: line.kind, position: row.position, document: row.document)
            }
        }
        let index = DatasetIndex(entries, dataset)
        indexes.keep(index, project, type)
        return index
    }
}
