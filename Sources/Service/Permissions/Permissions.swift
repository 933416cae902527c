import Access
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
        var main = request(operation.permissions, on: "*")
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
        switch operation {
        case .createModel where main.requestTags != nil: return [main, try tagging(main, project)]
        case .startModelPackagingJob: return [main] + (try packaging(project))
        default: return [main]
        }
    }

    private func request(_ actions: [String], on resource: String) -> AccessRequest {
        AccessRequest(
            actions: actions, resource: resource, principal: caller.principal,
            sourceAddress: caller.sourceAddress)
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
        let configuration = try WireCoding.decode(
            ModelPackagingConfiguration.self, from: input["Configuration"] ?? .null)
        let greengrass = configuration.greengrass
        let name = greengrass.componentName
        let model = try modelVersion(project)
        let version = greengrass.componentVersion(ofModel: model)
        let object = greengrass.archive(
            project: project, modelVersion: model, componentVersion: version)
        let component = arns.componentVersion(name, version)
        var requests = [
            request(["s3:GetBucketLocation"], on: "arn:aws:s3:::\(object.bucket)"),
            request(["s3:PutObject"], on: "arn:aws:s3:::\(object.bucket)/\(object.key)"),
            request(["greengrass:CreateComponentVersion"], on: arns.component(name)),
            request(["greengrass:DescribeComponent"], on: component),
        ]
        guard let tags = greengrass.tags, !tags.isEmpty else { return requests }
        var tagging = request(["greengrass:TagResource"], on: component)
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
