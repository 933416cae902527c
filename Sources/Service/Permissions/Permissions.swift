import Access
import FoundationEssentials
import Storage
import Wire

extension Operations {
    /// Checks the caller's policy before an operation does anything.
    ///
    /// - Parameter input: what `Route.input(of:)` returned.
    /// - Throws: `AccessError.accessDenied`.
    func authorize(_ operation: Wire.Operation, _ input: JSONValue) async throws {
        guard !caller.principal.isRoot, let members = input.object else { return }
        let context = context
        let requests = try await context.metadata.read { [caller] transaction in
            try Permissions(
                operation: operation, input: members, caller: caller, arns: context.arns,
                transaction: transaction
            ).requests()
        }
        for request in requests { try caller.principal.check(request) }
    }
}

/// All that a caller must be allowed to do for one call.
private struct Permissions {
    let operation: Wire.Operation
    let input: [String: JSONValue]
    let caller: Caller
    let arns: ARNs
    let transaction: MetadataTransaction

    func requests() throws -> [AccessRequest] {
        var main = caller.request(operation.permissions, on: "*")
        let project = input["ProjectName"]?.string ?? ""
        switch operation.permissionResource {
        case .none: break
        case .project: main.resource = arns.project(project)
        case .model: main.resource = arns.model(project, try modelVersion(project))
        case .named: main.resource = input["ResourceArn"]?.string ?? "*"
        }
        main.resourceTags = try tags(of: main.resource)
        main.requestTags = Self.tags(input["Tags"])
        main.tagKeys = main.requestTags?.keys.sorted() ?? Self.texts(input["TagKeys"])
        return [main] + (try onBehalf(main, project))
    }

    /// What Spotter does in the caller's name beside the operation itself: the rights that Lookout
    /// for Vision's guide lists.
    private func onBehalf(_ main: AccessRequest, _ project: String) throws -> [AccessRequest] {
        switch operation {
        case .createDataset: manifest()
        case .createModel:
            try main.requestTags.map { _ in [try tagging(main, project)] } ?? []
                + evaluation(project) + images(project)
        case .startModelPackagingJob: try packaging(project)
        case .createProject, .describeProject, .listProjects, .deleteProject, .deleteDataset,
            .describeDataset, .updateDatasetEntries, .listDatasetEntries, .describeModel,
            .listModels, .deleteModel, .startModel, .stopModel, .detectAnomalies,
            .describeModelPackagingJob, .listModelPackagingJobs, .tagResource, .untagResource,
            .listTagsForResource:
            []
        }
    }

    /// A dataset is made from a manifest.
    private func manifest() -> [AccessRequest] {
        let source = input["DatasetSource"]?.object?["GroundTruthManifest"]?.object
        guard let object = source?["S3Object"]?.object, let bucket = object["Bucket"]?.string else {
            return []
        }
        let isVersioned = object["VersionId"]?.string != nil
        return [onBucket("s3:GetBucketLocation", bucket)]
            + (["s3:GetObject"] + (isVersioned ? ["s3:GetObjectVersion"] : [])).map {
                onObject($0, bucket, object["Key"]?.string ?? "")
            }
    }

    /// A training writes its evaluation.
    private func evaluation(_ project: String) throws -> [AccessRequest] {
        guard let location = input["OutputConfig"]?.object?["S3Location"] else { return [] }
        let output = try WireCoding.decode(S3Location.self, from: location)
        let version = (try transaction.project(project)?.lastModelVersion ?? 0) + 1
        let keys = output.evaluationKeys(of: project, version: version)
        return [onBucket("s3:GetBucketLocation", output.bucket)]
            + [keys.manifest, keys.result].map { onObject("s3:PutObject", output.bucket, $0) }
    }

    /// A training reads the images and masks of the project's datasets.
    private func images(_ project: String) throws -> [AccessRequest] {
        var requests: [AccessRequest] = []
        for dataset in try transaction.datasets(project) {
            let entries = try transaction.entries(
                project: project, type: dataset.type, offset: 0, limit: .max)
            for entry in entries where entry.verdict != nil {
                // Most lines have no mask, and need not be parsed to see it.
                let mask =
                    Self.mayHaveMask(entry.line)
                    ? try? ManifestLine(parsing: entry.line).mask?.reference : nil
                for uri in [entry.sourceRef, mask] {
                    guard let object = uri.flatMap(ObjectLocation.init(uri:)) else { continue }
                    requests.append(onObject("s3:GetObject", object.bucket, object.key))
                }
            }
        }
        return requests
    }

    /// Whether a line may have a mask: one has a colour map, whose name stands as it is where
    /// nothing in the line is escaped.
    private static func mayHaveMask(_ line: String) -> Bool {
        let bytes = Data(line.utf8)
        return bytes.contains(UInt8(ascii: "\\"))
            || bytes.firstRange(of: Data(MaskAttribute.mapName.utf8)) != nil
    }

    private func onBucket(_ action: String, _ bucket: String) -> AccessRequest {
        viaService(caller.request([action], on: "arn:aws:s3:::\(bucket)"))
    }

    private func onObject(_ action: String, _ bucket: String, _ key: String) -> AccessRequest {
        viaService(caller.request([action], on: "arn:aws:s3:::\(bucket)/\(key)"))
    }

    private func viaService(_ request: AccessRequest) -> AccessRequest {
        var request = request
        request.isViaService = true
        return request
    }

    /// The number behind `latest`; the word itself when there is no model.
    private func modelVersion(_ project: String) throws -> String {
        let version = input["ModelVersion"]?.string ?? ""
        guard version == "latest" else { return version }
        let newest = try transaction.models(project, before: nil, limit: 1).first
        return newest.map { String($0.version) } ?? version
    }

    /// The permission that Lookout for Vision wants beside CreateModel when tags are given.
    private func tagging(_ main: AccessRequest, _ project: String) throws -> AccessRequest {
        let next = (try transaction.project(project)?.lastModelVersion ?? 0) + 1
        var request = main
        request.actions = Wire.Operation.tagResource.permissions
        request.resource = arns.model(project, next)
        return request
    }

    /// What a packaging job does in the caller's name, as Lookout for Vision's guide lists it.
    private func packaging(_ project: String) throws -> [AccessRequest] {
        // A call has it; who only asks whether there may be one has not.
        guard let given = input["Configuration"] else { return [] }
        let configuration = try WireCoding.decode(ModelPackagingConfiguration.self, from: given)
        let greengrass = configuration.greengrass
        let name = greengrass.componentName
        let model = try modelVersion(project)
        let version = greengrass.componentVersion(ofModel: model)
        let object = greengrass.archive(
            project: project, modelVersion: model, componentVersion: version)
        let component = arns.componentVersion(name, version)
        var requests = [
            onBucket("s3:GetBucketLocation", object.bucket),
            onObject("s3:PutObject", object.bucket, object.key),
            viaService(
                caller.request(["greengrass:CreateComponentVersion"], on: arns.component(name))),
            viaService(caller.request(["greengrass:DescribeComponent"], on: component)),
        ]
        guard let tags = greengrass.tags, !tags.isEmpty else { return requests }
        var tagging = viaService(caller.request(["greengrass:TagResource"], on: component))
        tagging.requestTags = tags.reduce(into: [:]) { $0[$1.key] = $1.value }
        tagging.tagKeys = tags.map(\.key)
        requests.append(tagging)
        return requests
    }

    private func tags(of resource: String) throws -> [String: String] {
        try transaction.tags(of: resource).reduce(into: [:]) { $0[$1.key] = $1.value }
    }

    private static func tags(_ value: JSONValue?) -> [String: String]? {
        guard case .array(let items) = value, !items.isEmpty else { return nil }
        return items.reduce(into: [:]) { tags, item in
            tags[item.object?["Key"]?.string ?? ""] = item.object?["Value"]?.string ?? ""
        }
    }

    private static func texts(_ value: JSONValue?) -> [String]? {
        guard case .array(let items) = value else { return nil }
        return items.compactMap(\.string)
    }
}
