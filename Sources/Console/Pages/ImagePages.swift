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

    private func type() throws -> DatasetType { try Self.type(visit) }

    /// Which dataset a page is about.
    static func type(_ visit: Visit) throws -> DatasetType {
        guard let type = DatasetType(rawValue: visit.request.parameter("dataset") ?? "train") else {
            throw WireError.validation("dataset must be train or test.")
        }
        return type
    }

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
        let _: CreateDatasetResponse = try await visit.perform(
            .createDataset, ["projectName": project], body)
        return .redirect(visit.home(project))
    }

    /// Takes a dataset away with its entries, so that one that could not be made stands in nobody's
    /// way.
    func deleteDataset() async throws -> ConsoleResponse {
        let type = visit.request.form["dataset"] ?? ""
        let _: EmptyResponse = try await visit.perform(
            .deleteDataset, ["projectName": project, "datasetType": type])
        return .redirect(visit.home(project))
    }

    // MARK: Pictures

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
            throw WireError.validation("The object \(source) is neither PNG nor JPEG.")
        }
        return ConsoleResponse(
            200, kind, bytes,
            headers: [
                ("Cache-Control", "private, max-age=600"), ("X-Content-Type-Options", "nosniff"),
            ])
    }

    /// How a dataset is doing, for scripts that wait until it is idle; with `change`, what became
    /// of this one change.
    func state() async throws -> ConsoleResponse {
        if let change = visit.request.parameter("change") {
            guard let job = UUID(uuidString: change) else { throw Console.nothingHere }
            let outcome = try await visit.operations.outcome(
                ofChange: job, in: project, try type())
            return switch outcome {
            case .open: try told(isBusy: true)
            case .made: try told()
            case .refused(let reason): try told(hasFailed: true, reason)
            }
        }
        let found: DescribeDatasetResponse = try await visit.perform(
            .describeDataset, ["projectName": project, "datasetType": try type().rawValue])
        let dataset = found.datasetDescription
        let busy: Set<DatasetStatus> = [
            .createInProgress, .updateInProgress, .updateFailedRollbackInProgress,
        ]
        let failed: Set<DatasetStatus> = [.createFailed, .updateFailedRollbackComplete]
        return try told(
            isBusy: busy.contains(dataset.status), hasFailed: failed.contains(dataset.status),
            dataset.statusMessage)
    }

    private func told(
        isBusy: Bool = false, hasFailed: Bool = false, _ message: String = ""
    ) throws -> ConsoleResponse {
        try visit.json(
            .object([
                "isBusy": .boolean(isBusy), "hasFailed": .boolean(hasFailed),
                "message": .string(visit.page.said(message)),
            ]))
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
        let key = Self.key(safe, digest: Checksum.sha256(body).prefix(Self.digestDigits))
        let reference = "s3://\(ProjectPages.bucket)/images/\(project)/\(type.rawValue)/\(key)"
        try await visit.operations.keep(body, at: reference)
        return try visit.json(.object(["source": .string(reference)]))
    }

    private static let digestDigits = 12

    /// What people call an image: the name of its file, without the digest that `upload` put there.
    static func name(of source: String) -> String {
        let file = source.split(separator: "/").last ?? source[...]
        let end = file.lastIndex(of: ".") ?? file.endIndex
        let digest = file[..<end].suffix(digestDigits + 1)
        guard source.hasPrefix("s3://\(ProjectPages.bucket)/images/"), digest.first == "-",
            digest.count == digestDigits + 1, digest.dropFirst().allSatisfy(\.isHexDigit)
        else { return String(file) }
        return String(file[..<digest.startIndex] + file[end...])
    }

    /// What the key of an image has that was brought in and is called `name`, a whole file name: a
    /// digest follows it there, before the ending. Nil for other words.
    static func keyPart(ofNamed name: String) -> String? {
        [".png", ".jpg", ".jpeg"].first { name.lowercased().hasSuffix($0) }
            .map { name.dropLast($0.count) + "-" }
    }

    /// The file's own name first, by which people look for it and sort; the digest, which keeps
    /// files of one name apart, before its ending.
    private static func key(_ name: String, digest: some StringProtocol) -> String {
        let file = name.split(separator: "/").last ?? ""
        guard let dot = file.lastIndex(of: "."), dot > file.startIndex else {
            return "\(name)-\(digest)"
        }
        return "\(name[..<dot])-\(digest)\(name[dot...])"
    }

    /// Labels images, and takes those that are new into the dataset. The body is a JSON object
    /// whose names are references and whose values are `normal`, `anomaly`, null, or an object
    /// whose `kind` is the kind of an anomaly's defect, or null to take the kind away. `anomaly`
    /// leaves an anomaly its kind.
    ///
    /// - Returns: the lines that the images had, by their references, for undoing.
    func label() async throws -> ConsoleResponse {
        let type = try type()
        let wanted = try JSONValue(parsing: visit.request.body).object ?? [:]
        guard !wanted.isEmpty, wanted.count <= ConsoleLimits.changesMax else {
            throw WireError.validation(
                "Give 1 to \(ConsoleLimits.changesMax) images at a time, not \(wanted.count).")
        }
        let known = try await visit.operations.lines(
            of: Array(wanted.keys), in: project, type, isToChange: true)
        var lines: [String] = []
        for (source, value) in wanted.sorted(by: { $0.key < $1.key }) {
            let line =
                try known[source].map { try ManifestLine(parsing: $0) }
                ?? ManifestLine.fresh(source)
            let (verdict, kind) = try Self.label(value, of: line)
            lines.append(
                try line.relabelled(
                    verdict, kind: kind, by: visit.visitor.name, at: visit.context.now()))
        }
        let changes = try await visit.change(project, type, lines)
        return try visit.json(
            .object([
                "lines": .object(known.mapValues(JSONValue.string)), "changes": .object(changes),
            ]))
    }

    /// The labels that the dataset holds now, for a page that must show them again. The body is a
    /// JSON list of references.
    ///
    /// - Returns: verdicts and kinds by references, of the images that the dataset has.
    func labels() async throws -> ConsoleResponse {
        guard case .array(let wanted) = try JSONValue(parsing: visit.request.body),
            wanted.count <= ConsoleLimits.changesMax
        else {
            throw WireError.validation(
                "Give a list of at most \(ConsoleLimits.changesMax) images at a time.")
        }
        let lines = try await visit.operations.lines(
            of: wanted.compactMap(\.string), in: project, try type())
        return try visit.json(
            .object(
                try lines.mapValues { text in
                    let line = try ManifestLine(parsing: text)
                    return .object([
                        "verdict": .string(line.verdict?.rawValue ?? "unlabelled"),
                        "kind": .string(line.kind ?? ""),
                    ])
                }))
    }

    /// The label that `label` was asked for.
    private static func label(
        _ wanted: JSONValue, of line: ManifestLine
    ) throws -> (ManifestLine.Verdict?, kind: String?) {
        if let named = wanted.object, named.count == 1, let kind = named["kind"] {
            if kind == .null { return (.anomaly, nil) }
            guard let name = kind.string, ManifestLine.isKind(name) else {
                throw WireError.validation(
                    "The kind of defect of \(line.source) needs a name of 1 to 256 bytes other "
                        + "than normal and anomaly.")
            }
            return (.anomaly, name)
        }
        let verdict = wanted.string.flatMap(ManifestLine.Verdict.init(rawValue:))
        guard verdict != nil || wanted == .null else {
            throw WireError.validation(
                "The label of \(line.source) must be normal, anomaly or null.")
        }
        let kind = line.kind.flatMap { ManifestLine.isKind($0) ? $0 : nil }
        return (verdict, verdict == .anomaly ? kind : nil)
    }
}
