import NIOPosix
package import Storage
package import Wire

extension Operations {
    /// The lines of single images of a dataset.
    ///
    /// - Returns: by reference, those that the dataset has.
    /// - Throws: `accessDenied` without ListDatasetEntries; `resourceNotFound`.
    package func lines(
        of sources: [String], in project: String, _ type: DatasetType
    ) async throws -> [String: String] {
        try await authorize(.listDatasetEntries, .object(["ProjectName": .string(project)]))
        return try await context.metadata.read { transaction in
            _ = try Lookup.dataset(project, type, transaction)
            return try transaction.lines(of: sources, project: project, type: type)
        }
    }

    /// The references of a dataset's images, in the order of `orderByName`.
    ///
    /// - Throws: `accessDenied` without ListDatasetEntries; `resourceNotFound`.
    package func sourcesByName(_ filter: EntryFilter) async throws -> [String] {
        try await authorize(
            .listDatasetEntries, .object(["ProjectName": .string(filter.project)]))
        let sources = try await context.metadata.read { transaction in
            _ = try Lookup.dataset(filter.project, filter.type, transaction)
            return try transaction.sources(matching: filter)
        }
        return try await context.pools.images.runIfActive {
            Self.orderByName(sources).map { sources[$0] }
        }
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
