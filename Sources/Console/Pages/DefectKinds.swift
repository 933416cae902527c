import Service
import Wire

/// What the datasets of a project know of labels of masks and kinds of defects.
struct DefectKinds {
    struct Dataset {
        /// Images; nil where there is no dataset, or for who may not know.
        let total: Int?
        /// By name; nil while the entries of a large dataset have not been read.
        let names: [String]?
    }

    let datasets: [DatasetType: Dataset]

    private var counted: [Dataset] { datasets.values.filter { $0.total != nil } }

    /// The kinds of defects that keys give to images in the gallery, by name; `isKind` allows each.
    var names: [String] {
        DatasetIndex.byName(Set(counted.flatMap { $0.names ?? [] }.filter(ManifestLine.isKind)))
    }

    var isWhole: Bool { counted.allSatisfy { $0.names != nil } }
}

extension Visit {
    /// - Parameter isPatient: whether the caller waits until all lines of a large dataset have been
    ///   read, which the first page of a gallery does not.
    func defectKinds(of project: String, isPatient: Bool = false) async throws -> DefectKinds {
        var datasets: [DatasetType: DefectKinds.Dataset] = [:]
        for type in [DatasetType.train, .test] {
            let described = try? await perform(
                .describeDataset, ["projectName": project, "datasetType": type.rawValue],
                as: DescribeDatasetResponse.self)
            let total = described?.datasetDescription.imageStats.total
            let isRead = total.map { isPatient || $0 <= ConsoleLimits.quickEntriesMax } ?? false
            datasets[type] = DefectKinds.Dataset(
                total: total,
                names: isRead
                    ? try await index(of: project, type).names
                    : gallery.indexes.knownNames(of: project, type))
        }
        return DefectKinds(datasets: datasets)
    }

    /// What a page of the gallery asks for that did not wait.
    func kinds(of project: String) async throws -> ConsoleResponse {
        let kinds = try await defectKinds(of: project, isPatient: true)
        return try json(.object(["kinds": .array(kinds.names.map(JSONValue.string))]))
    }
}
