import FoundationEssentials
import Service
import Vision
import Wire

/// What the page that brings images in asks for: keys of buckets, manifests, and lines to enter.
struct ImportPages {
    private let visit: Visit
    private let project: String
    private let type: DatasetType

    init(_ visit: Visit, _ project: String) throws {
        self.visit = visit
        self.project = project
        type = try ImagePages.type(visit)
    }

    /// Makes the dataset, empty.
    func makeDataset() async throws -> ConsoleResponse {
        let _: CreateDatasetResponse = try await visit.perform(
            .createDataset, ["projectName": project], ["DatasetType": .string(type.rawValue)])
        return try visit.json(.object([:]))
    }

    /// References of the pictures below a prefix, page by page; other objects are named with the
    /// reason, but for folders' markers.
    func list() async throws -> ConsoleResponse {
        let page = try await visit.operations.objects(
            below: visit.request.parameter("place") ?? "",
            after: visit.request.parameter("after"), limit: ConsoleLimits.keysPage)
        var sources: [JSONValue] = []
        var others: [JSONValue] = []
        for reference in page.references where !reference.hasSuffix("/") {
            let ending = reference.split(separator: ".").last?.lowercased() ?? ""
            if ["png", "jpg", "jpeg"].contains(ending) {
                sources.append(.string(reference))
            } else {
                others.append(.string(reference))
            }
        }
        return try visit.json(
            .object([
                "sources": .array(sources), "others": .array(others),
                "next": page.next.map(JSONValue.string) ?? .null,
            ]))
    }

    /// The text of a manifest that lies in a bucket.
    func manifest() async throws -> ConsoleResponse {
        let bytes = try await visit.operations.object(
            visit.request.parameter("place") ?? "", bytesMax: ConsoleLimits.manifestBytesMax)
        return ConsoleResponse(
            200, "text/plain; charset=utf-8", bytes,
            headers: [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")])
    }

    /// Enters lines of a manifest, which are the body. Those that are no lines are refused by their
    /// number with the reason, and the others are entered.
    func enter() async throws -> ConsoleResponse {
        let checked = try await visit.operations.checkedLines(
            visit.request.body, linesMax: ConsoleLimits.changesMax)
        let good = checked.good.map(\.text)
        let refused = checked.refused.map {
            JSONValue.object([
                "line": .integer($0.number), "reason": .string(visit.page.said($0.reason)),
            ])
        }
        let changes = good.isEmpty ? [:] : try await visit.change(project, type, good)
        return try visit.json(
            .object([
                "entered": .integer(good.count), "refused": .array(refused),
                "changes": .object(changes),
            ]))
    }

    /// Takes images out of the dataset; their objects stay. The body is a JSON list of references.
    ///
    /// - Returns: the lines that they had, for undoing.
    func remove() async throws -> ConsoleResponse {
        guard case .array(let values) = try JSONValue(parsing: visit.request.body),
            (1...ConsoleLimits.changesMax).contains(values.count)
        else {
            throw WireError.validation(
                "Give a list of 1 to \(ConsoleLimits.changesMax) images at a time.")
        }
        let known = try await visit.operations.lines(
            of: values.compactMap(\.string), in: project, type, isToChange: true)
        guard !known.isEmpty else {
            throw WireError(.resourceNotFound, "The dataset has none of these images.")
        }
        let changes = try await visit.change(
            project, type, try known.keys.sorted().map(ManifestLine.removal(of:)))
        return try visit.json(
            .object([
                "lines": .array(known.keys.sorted().map { .string(known[$0] ?? "") }),
                "changes": .object(changes),
            ]))
    }

    /// Gives a label of masks another name, in every mask of both datasets and wherever it is the
    /// kind of an image's defect.
    func renameLabel() async throws -> ConsoleResponse {
        let form = visit.request.form
        let (old, new) = (form["from"] ?? "", form["to"] ?? "")
        var (count, changes) = (0, [String: JSONValue]())
        for type in [DatasetType.train, .test] {
            guard let index = try await indexIfThere(type) else { continue }
            // Either both datasets take the change or none.
            _ = try await visit.operations.lines(of: [], in: project, type, isToChange: true)
            guard ManifestLine.isKind(new) || !index.entries.contains(where: { $0.kind == old })
            else {
                throw WireError.validation(
                    "The kind of defect '\(old.prefix(100))' needs a name of 1 to 256 bytes other "
                        + "than normal and anomaly.")
            }
            if index.labels.contains(where: { $0.name == new }) {
                throw WireError.validation("There is a label '\(new.prefix(100))' already.")
            }
        }
        for type in [DatasetType.train, .test] {
            guard let index = try await indexIfThere(type) else { continue }
            let sources = index.entries.filter {
                $0.kind == old || $0.mask?.classes.contains { $0.name == old } ?? false
            }.map(\.source)
            guard !sources.isEmpty else { continue }
            let known = try await visit.operations.lines(of: sources, in: project, type)
            let lines = try known.keys.sorted().map {
                try ManifestLine(parsing: known[$0] ?? "").renamed(label: old, to: new)
            }
            changes.merge(try await visit.change(project, type, lines)) { $1 }
            count += lines.count
        }
        return try visit.json(
            .object(["images": .integer(count), "changes": .object(changes)]))
    }

    private func indexIfThere(_ type: DatasetType) async throws -> DatasetIndex? {
        do {
            return try await visit.index(of: project, type)
        } catch let error as WireError where error.code == .resourceNotFound {
            return nil
        }
    }
}
