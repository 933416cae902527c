import Access
import Base
import FoundationEssentials
import Storage
package import WireAWS

/// What the caller of an operation on components must be allowed to do.
extension ComponentOperations {
    /// Whether the caller may do an operation that another Greengrass is to do.
    ///
    /// - Throws: `AccessError.accessDenied`, `GreengrassError` for a recipe that cannot be read.
    package func check(_ operation: GreengrassOperation, _ input: GreengrassInput) async throws {
        guard !caller.principal.isRoot else { return }
        guard operation == .createComponentVersion else {
            return try await authorize(operation, input)
        }
        let bytes = input.bytes("inlineRecipe") ?? Data()
        try await authorize(creating: try recipe(bytes), input.tags ?? [:])
    }

    /// Whether the caller may do an operation; for `createComponentVersion` see
    /// `authorize(creating:)`.
    ///
    /// - Throws: `AccessError.accessDenied`.
    func authorize(_ operation: GreengrassOperation, _ input: GreengrassInput)
        async throws
    {
        guard !caller.principal.isRoot else { return }
        let arn = input.text("arn") ?? input.text("resourceArn")
        var access = try await request([operation.permission], arn ?? "*")
        access.requestTags = input.tags
        let keys = input.tags.map { $0.keys.sorted() } ?? input.tagKeys
        access.tagKeys = keys.isEmpty ? nil : keys
        try caller.principal.check(access)
    }

    /// Whether the caller may make this component with these tags, of these artifacts.
    ///
    /// - Throws: `AccessError.accessDenied`; `GreengrassError` naming every artifact that the
    ///   caller may not read.
    func authorize(creating recipe: RecipeDocument, _ tags: [String: String]) async throws {
        guard !caller.principal.isRoot else { return }
        let operation = GreengrassOperation.createComponentVersion
        var main = try await request([operation.permission], arns.component(recipe.name.text))
        main.requestTags = tags.isEmpty ? nil : tags
        main.tagKeys = tags.isEmpty ? nil : tags.keys.sorted()
        try caller.principal.check(main)
        if !tags.isEmpty {
            var tagging = main
            tagging.actions = [GreengrassOperation.tagResource.permission]
            tagging.resource = arn(of: recipe.name, recipe.version)
            try caller.principal.check(tagging)
        }
        // Nobody reads by way of a component what they may not read.
        var unreadable: [String] = []
        for artifact in recipe.artifacts {
            guard let location = artifact.location else { continue }
            let object = try await request(
                ["s3:GetObject"], "arn:aws:s3:::\(location.bucket)/\(location.key)")
            let isAllowed = (try? caller.principal.check(object)) != nil
            if !isAllowed, !unreadable.contains(artifact.uri) { unreadable.append(artifact.uri) }
        }
        guard unreadable.isEmpty else {
            throw Self.translated(ArtifactStager.unavailable(unreadable), "")
        }
    }

    /// A request with the tags of the version that `resource` names, if it names one that exists.
    func request(_ actions: [String], _ resource: String) async throws -> AccessRequest {
        var tags: [String: String] = [:]
        if let arn = ComponentARN(resource, arns: arns), let version = arn.version {
            tags = try await registry.component(arn.name, version: version)?.tags ?? [:]
        }
        var request = caller.request(actions, on: resource)
        request.resourceTags = tags
        return request
    }
}
