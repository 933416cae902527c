import Base
import FoundationEssentials
import NIOPosix
import Service
import Vision
import Wire

/// The images of a project's datasets: looked at, brought in, labelled.
struct ImagePages {
    private let visit: Visit
    private let project: String

    init(_ visit: Visit, _ project: String) {
        self.visit = visit
        self.project = project
    }

    private func type() throws -> DatasetType {
        guard let type = DatasetType(rawValue: visit.request.parameter("dataset") ?? "train") else {
            throw WireError.validation("dataset must be train or test.")
        }
        return type
    }

    private var labels: [String: String] { ["projectName": project] }

    func makeDataset() async throws -> ConsoleResponse {
        let form = visit.request.form
        var body: [String: JSONValue] = ["DatasetType": .string(form["dataset"] ?? "")]
        if let manifest = form["manifest"], !manifest.isEmpty {
            let place = manifest.hasPrefix("s3://") ? manifest.dropFirst(5) : manifest[...]
            let sides = place.split(separator: "/", maxSplits: 1).map(String.init)
            guard sides.count == 2 else {
                throw WireError.validation("The manifest must be like s3://BUCKET/KEY.")
            }
            body["DatasetSource"] = .object([
                "GroundTruthManifest": .object([
                    "S3Object": .object([
                        "Bucket": .string(sides[0]), "Key": .string(sides[1]),
                    ])
                ])
            ])
        }
        let _: CreateDatasetResponse = try await visit.perform(.createDataset, labels, body)
        return .redirect(visit.home(project))
    }

    // MARK: Gallery

    func gallery() async throws -> ConsoleResponse {
        let type = try type()
        let shown = visit.request.parameter("show") ?? "all"
        let search = visit.request.parameter("search") ?? ""
        var query: [(name: String, value: String)] = [
            ("maxResults", String(ConsoleLimits.galleryPage))
        ]
        switch shown {
        case "normal", "anomaly": query.append(("anomalyClass", shown))
        case "unlabelled": query.append(("labeled", "false"))
        default: break
        }
        if !search.isEmpty { query.append(("sourceRefContains", search)) }
        if let after = visit.request.parameter("after") { query.append(("nextToken", after)) }
        let page: ListDatasetEntriesResponse = try await visit.perform(
            .listDatasetEntries, ["projectName": project, "datasetType": type.rawValue],
            query: query)
        let filters = ["all", "unlabelled", "normal", "anomaly"].map { name -> [String: Any] in
            [
                "name": name, "title": visit.page.text("filter_\(name)"),
                "isChosen": name == shown,
            ]
        }
        return visit.html(
            "gallery",
            [
                "project": project, "home": visit.home(project), "type": type.rawValue,
                "title": visit.page.text("dataset_\(type.rawValue)"), "filters": filters,
                "search": search, "show": shown,
                "images": page.datasetEntries.compactMap(tile),
                "isEmpty": page.datasetEntries.isEmpty, "next": page.nextToken ?? "",
                "edit": try await visit.button(.updateDatasetEntries, project: project),
            ])
    }

    private func tile(_ line: String) -> [String: Any]? {
        guard let entry = try? ManifestLine(parsing: line) else { return nil }
        let verdict = entry.verdict?.rawValue ?? "unlabelled"
        return [
            "source": entry.source, "verdict": verdict,
            "title": visit.page.text("verdict_\(verdict)"),
            "name": entry.source.split(separator: "/").last.map(String.init) ?? entry.source,
            "hasMask": entry.mask != nil,
            "thumbnail": "\(visit.home(project))/image?small=1&source="
                + FormCoding.segment(entry.source),
            "full": "\(visit.home(project))/image?source=" + FormCoding.segment(entry.source),
        ]
    }

    /// An image, or a small picture of it. Browsers keep it for a while; it is the visitor's alone.
    func image() async throws -> ConsoleResponse {
        let source = visit.request.parameter("source") ?? ""
        let (operations, limits) = (visit.operations, visit.context.limits.image)
        let version = try await operations.version(of: source)
        let bytes: Data
        if visit.request.parameter("small") != nil {
            bytes = try await visit.thumbnails.picture(version, limits: limits) {
                try await operations.object(source, bytesMax: limits.bytesMax)
            }
        } else {
            bytes = try await operations.object(source, bytesMax: limits.bytesMax)
        }
        // What is no picture, such as SVG or HTML that somebody put under the key, is not shown.
        let kind =
            JPEG.isJPEG(bytes) ? "image/jpeg" : PNG.isPNG(bytes) ? "image/png" : nil
        guard let kind else {
            throw WireError.validation("\(source) is neither PNG nor JPEG.")
        }
        return ConsoleResponse(
            200, kind, bytes,
            headers: [
                ("Cache-Control", "private, max-age=600"), ("X-Content-Type-Options", "nosniff"),
            ])
    }

    // MARK: Images in

    /// Keeps one image, whose bytes are the body, in the console's bucket.
    ///
    /// - Returns: its reference, for a label.
    func upload() async throws -> ConsoleResponse {
        let type = try type()
        let name = visit.request.parameter("name") ?? ""
        let safe = name.split(separator: "/").filter { !$0.hasPrefix(".") }.joined(separator: "/")
        guard !safe.isEmpty, safe.utf8.count <= 500 else {
            throw WireError.validation("The file needs a name of at most 500 bytes.")
        }
        let body = visit.request.body
        let limits = visit.context.limits.image
        _ = try await visit.context.pools.images.runIfActive {
            try ImageDecoder.inspect(body, name: safe, limits: limits)
        }
        let digest = Checksum.sha256(body).prefix(12)
        let reference =
            "s3://\(ProjectPages.bucket)/images/\(project)/\(type.rawValue)/\(digest)-\(safe)"
        try await visit.operations.keep(body, at: reference)
        return try visit.json(.object(["source": .string(reference)]))
    }

    /// Labels images, and takes those that are new into the dataset. The body is a JSON object
    /// whose names are references and whose values are `normal`, `anomaly` or null.
    func label() async throws -> ConsoleResponse {
        let type = try type()
        let wanted = try JSONValue(parsing: visit.request.body).object ?? [:]
        guard !wanted.isEmpty, wanted.count <= ConsoleLimits.changesMax else {
            throw WireError.validation(
                "Give 1 to \(ConsoleLimits.changesMax) images at a time, not \(wanted.count).")
        }
        let known = try await visit.operations.lines(of: Array(wanted.keys), in: project, type)
        var lines: [String] = []
        for (source, value) in wanted.sorted(by: { $0.key < $1.key }) {
            let verdict = value.string.flatMap(ManifestLine.Verdict.init(rawValue:))
            guard verdict != nil || value == .null else {
                throw WireError.validation(
                    "The label of \(source) must be normal, anomaly or null.")
            }
            let line = try known[source].map { try ManifestLine(parsing: $0) }
            lines.append(
                try (line ?? ManifestLine.fresh(source)).relabelled(
                    verdict, by: visit.visitor.name, at: visit.context.now()))
        }
        let changes = Data(lines.joined(separator: "\n").utf8).base64EncodedString()
        let _: UpdateDatasetEntriesResponse = try await visit.perform(
            .updateDatasetEntries, ["projectName": project, "datasetType": type.rawValue],
            ["Changes": .string(changes)])
        return try visit.json(.object([:]))
    }
}
