import Service
import Wire

/// The kinds of defects that keys give to images in the gallery.
struct DefectKinds {
    /// By name; `isKind` allows each.
    let names: [String]
    /// False while the entries of a large dataset have not been read.
    let isWhole: Bool
}

extension Visit {
    /// How many images a dataset has; nil where there is none, or for who may not know.
    func imageTotal(of project: String, _ type: DatasetType) async -> Int? {
        let described = try? await perform(
            .describeDataset, ["projectName": project, "datasetType": type.rawValue],
            as: DescribeDatasetResponse.self)
        return described?.datasetDescription.imageStats.total
    }

    /// The names of a dataset's labels and kinds of defects. The first page of a large dataset does
    /// not wait until all its lines have been read.
    ///
    /// - Parameter isPatient: whether the caller waits even so.
    /// - Returns: nil where they would have to be read.
    func labelNames(
        of project: String, _ type: DatasetType, total: Int?, isPatient: Bool = false
    ) async throws -> [String]? {
        if isPatient || total.map({ $0 <= ConsoleLimits.quickEntriesMax }) ?? false {
            return try await index(of: project, type).names
        }
        return gallery.indexes.knownNames(of: project, type)
    }

    /// The kinds of defects of both datasets of a project: labels of masks and of images.
    func defectKinds(of project: String, isPatient: Bool = false) async throws -> DefectKinds {
        var (found, isWhole) = (Set<String>(), true)
        for type in [DatasetType.train, .test] {
            guard let total = await imageTotal(of: project, type) else { continue }
            let names = try await labelNames(
                of: project, type, total: total, isPatient: isPatient)
            if let names { found.formUnion(names) } else { isWhole = false }
        }
        return DefectKinds(
            names: DatasetIndex.byName(found.filter(ManifestLine.isKind)), isWhole: isWhole)
    }

    /// What a page of the gallery asks for that did not wait.
    func kinds(of project: String) async throws -> ConsoleResponse {
        let kinds = try await defectKinds(of: project, isPatient: true)
        return try json(.object(["kinds": .array(kinds.names.map(JSONValue.string))]))
    }
}
