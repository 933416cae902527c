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

    /// The references of a dataset's images, by the names of their files; equal names by their
    /// folders.
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
            let named = sources.map { source in
                let slash = source.utf8.lastIndex(of: UInt8(ascii: "/"))
                return (
                    slash.map { source[source.utf8.index(after: $0)...] } ?? source[...], source
                )
            }
            return named.sorted { $0.0 == $1.0 ? $0.1 < $1.1 : $0.0 < $1.0 }.map(\.1)
        }
    }
}
