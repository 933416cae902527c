import Base
import FoundationEssentials
import NIOPosix
import Service
import Vision
import Wire

/// The page on which people outline defects, and what it asks for.
struct MaskPages {
    private let visit: Visit
    private let project: String
    private let type: DatasetType

    init(_ visit: Visit, _ project: String) throws {
        self.visit = visit
        self.project = project
        type = try ImagePages.type(visit)
    }

    private var source: String { visit.request.parameter("source") ?? "" }

    private func line(isToChange: Bool = false) async throws -> ManifestLine {
        let lines = try await visit.operations.lines(
            of: [source], in: project, type, isToChange: isToChange)
        guard let line = lines[source] else {
            throw WireError(
                .resourceNotFound,
                "The \(type.rawValue) dataset of \(project) has no image '\(source.prefix(200))'.")
        }
        return try ManifestLine(parsing: line)
    }

    /// The editor for the mask of one image.
    func editor() async throws -> ConsoleResponse {
        let line = try await line()
        let size = try await visit.operations.pictureSize(of: source)
        let (home, place) = (visit.home(project), FormCoding.segment(source))
        let query = "dataset=\(type.rawValue)&source=\(place)"
        let index = try await visit.index(of: project, type)
        let around = index.neighbours(of: source).map {
            $0.map { "\(home)/mask?dataset=\(type.rawValue)&source=\(FormCoding.segment($0))" }
        }
        let name = ImagePages.name(of: source)
        // A mask that people drew is never replaced by what a model saw.
        let seer = line.mask == nil ? visit.request.parameter("from") : nil
        let own =
            if let seer {
                try await visit.operations.manifest(of: project, seer).labels
            } else {
                MaskClass.labels(of: line.mask?.classes ?? [])
            }
        let start = seer.map { "&from=\(FormCoding.segment($0))" } ?? ""
        let verdict = line.verdict?.rawValue ?? "unlabelled"
        let kinds = try await visit.defectKinds(of: project, isPatient: true).names
        return visit.html(
            "mask",
            [
                "project": project, "home": home, "type": type.rawValue, "name": name,
                "datasetTitle": visit.page.text("dataset_\(type.rawValue)"), "title": name,
                "width": size.width, "height": size.height,
                "image": "\(home)/image?source=\(place)",
                "mask": own.isEmpty ? "" : "\(home)/mask-picture?\(query)\(start)",
                "isProposed": seer != nil && !own.isEmpty,
                "save": "mask?\(query)", "base": line.mask?.reference ?? "",
                "heat": "\(home)/heat?\(query)",
                "features": "\(home)/features?\(query)",
                "verdict": verdict, "verdictTitle": visit.page.text("verdict_\(verdict)"),
                "classes": try JSONCoding.text(
                    JSONValue.array(try await classes(kinds).map(Self.json))),
                "kinds": try JSONCoding.text(JSONValue.array(kinds.map(JSONValue.string))),
                "own": try JSONCoding.text(
                    JSONValue.array(own.map(Self.json))),
                "before": around[0] ?? "", "after": around[1] ?? "",
                "edit": try await visit.button(.updateDatasetEntries, project: project),
            ])
    }

    /// The labels of all masks of the project, each with the colour that most of them give it, then
    /// the kinds of defects that no mask shows yet, without one.
    private func classes(_ kinds: [String]) async throws -> [LabelClass] {
        var found: [LabelClass] = []
        for type in [DatasetType.train, .test] {
            guard let index = try? await visit.index(of: project, type) else { continue }
            for label in index.labels where !found.contains(where: { $0.name == label.name }) {
                found.append(label)
            }
        }
        for name in kinds where !found.contains(where: { $0.name == name }) {
            guard found.count < visit.context.limits.maskLabelsMax else { break }
            found.append(LabelClass(name: name, color: ""))
        }
        return found
    }

    private static func json(_ label: LabelClass) -> JSONValue {
        .object(["name": .string(label.name), "color": .string(label.color)])
    }

    /// The mask of an image as a palette PNG: the one that people drew, or, with `from`, what that
    /// version of the model would draw.
    func picture() async throws -> ConsoleResponse {
        if let version = visit.request.parameter("from") { return try await predicted(version) }
        guard let mask = try await visit.operations.maskPicture(of: try await line()) else {
            throw WireError(.resourceNotFound, "The image has no mask.")
        }
        return Self.png(mask.png)
    }

    /// What a model sees in the colours of its labels, white where it sees nothing.
    private func predicted(_ version: String) async throws -> ConsoleResponse {
        let review = try await visit.operations.review(project, version, source)
        guard let seen = review.detection.segmentation else {
            throw WireError(
                .resourceNotFound, "Model \(version) of \(project) was not trained on masks.")
        }
        let palette = [RGB.white] + review.labels.map { RGB(hex: $0.color) ?? RGB(0, 0, 0) }
        return Self.png(
            try await visit.context.pools.images.runIfActive {
                try PNG.encode(
                    indices: seen.indices, width: seen.width, height: seen.height, palette: palette)
            })
    }

    /// Where the project's hosted model, or else its newest trained one, sees an anomaly in an
    /// image: a grey PNG of the size of the model's input, in which 128 is the threshold.
    func heat() async throws -> ConsoleResponse {
        let models: ListModelsResponse = try await visit.perform(
            .listModels, ["projectName": project])
        let known = models.models
        let able: Set<ModelStatus> = [.trained, .startingHosting, .stoppingHosting, .hostingFailed]
        guard
            let model = known.first(where: { $0.status == .hosted })
                ?? known.filter({ able.contains($0.status) })
                .max(by: { $0.creationTimestamp < $1.creationTimestamp })
        else {
            throw WireError(.resourceNotFound, "\(project) has no trained model.")
        }
        let review = try await visit.operations.review(project, model.modelVersion, source)
        return Self.png(
            try await visit.context.pools.images.runIfActive {
                try JudgePages.heat(review.detection)
            })
    }

    /// What the project's network sees in a part of the image, as `OutlineFeatures` writes it.
    func features() async throws -> ConsoleResponse {
        let line = try await line()
        let part = (visit.request.parameter("part") ?? "").split(separator: ",").compactMap {
            Int($0)
        }
        let seen = try await visit.operations.outlineFeatures(
            of: line.source, in: project, part: part)
        return ConsoleResponse(
            200, "application/octet-stream", seen.bytes,
            headers: [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")])
    }

    private static func png(_ bytes: Data) -> ConsoleResponse {
        ConsoleResponse(
            200, "image/png", bytes,
            headers: [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")])
    }

    /// Keeps a drawn mask, whose PNG is the body, and enters it into the dataset. One that marks
    /// something makes its image an anomaly; one that marks nothing is taken away, and the label
    /// stays. Where the image has another mask than that which the editor began from, `base`,
    /// nothing is kept, and the answer says so with the present one.
    func save() async throws -> ConsoleResponse {
        let line = try await line(isToChange: true)
        let classes = Data((visit.request.parameter("classes") ?? "").utf8)
        // What is no list of labels is one without any, which is refused.
        let wanted = (try? JSONCoding.decode([LabelClass].self, from: classes)) ?? []
        let drawn = try await visit.operations.drawnMask(
            visit.request.body, wanted, of: line.source)
        let (person, now) = (visit.visitor.name, visit.context.now())
        let reference = drawn.classes.count > 1 ? place(of: drawn.png, line.source) : nil
        let present = line.mask?.reference
        // The same mask again is a request that is repeated because its answer was lost.
        let isRepeated =
            reference == present
            && (reference == nil || drawn.classes.map(\.name) == line.mask?.classes.map(\.name))
        if let base = visit.request.parameter("base"), base != present ?? "", !isRepeated {
            return try visit.json(
                .object(["isOutdated": .boolean(true), "base": .string(present ?? "")]))
        }
        var changed = line
        if let reference {
            try await visit.operations.keep(drawn.png, at: reference)
            if line.verdict != .anomaly {
                changed = try ManifestLine(
                    parsing: try line.relabelled(.anomaly, by: person, at: now))
            }
        }
        let text = try changed.remasked(reference, drawn.classes, by: person, at: now)
        let changes = try await visit.change(project, type, [text])
        return try visit.json(
            .object([
                "verdict": .string(
                    (reference == nil ? changed.verdict : .anomaly)?.rawValue ?? "unlabelled"),
                "base": .string(reference ?? ""),
                "labels": .array(drawn.classes.dropFirst().map { .string($0.name) }),
                "changes": .object(changes),
            ]))
    }

    /// Where a drawn mask is kept: by what it shows, so that no other one is overwritten.
    private func place(of png: Data, _ source: String) -> String {
        let name =
            (source.split(separator: "/").last.map(String.init) ?? "image")
            .split(separator: ".").first.map(String.init) ?? "image"
        let digest = Checksum.sha256(png + Data(source.utf8)).prefix(16)
        return "s3://\(ProjectPages.bucket)/masks/\(project)/\(type.rawValue)/"
            + "\(digest)-\(name.prefix(100)).png"
    }
}
