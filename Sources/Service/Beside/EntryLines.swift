import Base
import NIOPosix
package import Storage
package import Wire

/// The orders by name that were asked for last.
package final class NameOrders: Sendable {
    /// Orders that are kept: those of ten people who turn pages, each of up to 3 MB with 16,000
    /// images.
    private static let keptMax = 10

    fileprivate struct Key: Equatable {
        let filter: EntryFilter
        /// Another one when anything has been changed.
        let dataset: DatasetRecord
    }

    fileprivate let kept = RecentValues<Key, [String]>(countMax: keptMax)

    /// None are kept at first.
    package init() {}
}

extension Operations {
    /// The lines of single images of a dataset.
    ///
    /// - Parameter isToChange: whether they are read for a change: a change that is still being
    ///   made would be missing in them.
    /// - Returns: by reference, those that the dataset has.
    /// - Throws: `accessDenied` without ListDatasetEntries; `resourceNotFound`; `conflict` for a
    ///   dataset that is being changed, if `isToChange`.
    package func lines(
        of sources: [String], in project: String, _ type: DatasetType, isToChange: Bool = false
    ) async throws -> [String: String] {
        try await authorize(.listDatasetEntries, .object(["ProjectName": .string(project)]))
        return try await context.metadata.read { transaction in
            let dataset = try Lookup.dataset(project, type, transaction)
            if isToChange { try Self.checkIdle(dataset) }
            return try transaction.lines(of: sources, project: project, type: type)
        }
    }

    /// The references of a dataset's images, in the order of `orderByName`, which is found again
    /// only when the dataset has changed.
    ///
    /// - Throws: `accessDenied` without ListDatasetEntries; `resourceNotFound`.
    package func sourcesByName(_ filter: EntryFilter, in orders: NameOrders) async throws
        -> [String]
    {
        try await authorize(
            .listDatasetEntries, .object(["ProjectName": .string(filter.project)]))
        let (key, known, sources) = try await context.metadata.read {
            transaction -> (NameOrders.Key, [String]?, [String]) in
            let dataset = try Lookup.dataset(filter.project, filter.type, transaction)
            let key = NameOrders.Key(filter: filter, dataset: dataset)
            if let known = orders.kept.value(key) { return (key, known, []) }
            return (key, nil, try transaction.sources(matching: filter))
        }
        if let known { return known }
        let ordered = try await context.pools.images.runIfActive {
            Self.orderByName(sources).map { sources[$0] }
        }
        orders.kept.keep(ordered, key)
        return ordered
    }

    /// The places of references in the order of the names of their files; equal names by their
    /// folders.
    package static func orderByName(_ sources: [String]) -> [Int] {
        let named = sources.indices.map { place in
            let source = sources[place]
            let slash = source.utf8.lastIndex(of: UInt8(ascii: "/"))
            return (
                name: slash.map { source[source.utf8.index(after: $0)...] } ?? source[...],
                source: source, place: place
            )
        }
        return named.sorted { ($0.name, $0.source) < ($1.name, $1.source) }.map(\.place)
    }
}
