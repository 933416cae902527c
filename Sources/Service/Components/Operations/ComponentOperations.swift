package import Access
package import Base
package import FoundationEssentials
import Wire
package import WireAWS

/// The operations of Greengrass on the embedded registry, in somebody's name.
package struct ComponentOperations: Sendable {
    private static let pageSizeDefault = 100

    let registry: any ComponentCatalogue
    let arns: ARNs
    private let pageTokens: PageTokens
    let caller: Caller

    /// - Parameters:
    ///   - arns: of the region and the account whose ARNs are taken.
    ///   - caller: in whose name the operations are done.
    package init(
        registry: any ComponentCatalogue, arns: ARNs, pageTokens: PageTokens, caller: Caller
    ) {
        self.registry = registry
        self.arns = arns
        self.pageTokens = pageTokens
        self.caller = caller
    }

    /// Does an operation.
    ///
    /// - Parameter artifactURL: makes the URL under which an artifact of a version is read.
    /// - Returns: the JSON of the answer; empty for an operation without one.
    /// - Throws: `GreengrassError`, `AccessError`.
    package func perform(
        _ operation: GreengrassOperation, _ input: GreengrassInput,
        artifactURL: (
            _ name: ComponentName, _ version: ComponentVersion, _ artifact: String
        ) -> String
    ) async throws -> Data {
        // Which component it is, and so who may make it, stands in the recipe.
        if operation != .createComponentVersion { try await authorize(operation, input) }
        let arn = input.text("arn") ?? input.text("resourceArn") ?? ""
        switch operation {
        case .createComponentVersion: return try await create(input)
        case .describeComponent:
            return try GreengrassCoding.encode(describe(try await details(arn)))
        case .getComponent:
            return try GreengrassCoding.encode(get(try await details(arn), input))
        case .getComponentVersionArtifact:
            let component = try await details(arn).component
            let artifact = input.text("artifactName") ?? ""
            _ = try await self.artifact(component.name, component.version, artifact)
            return try GreengrassCoding.encode(
                GetComponentVersionArtifactAnswer(
                    preSignedUrl: artifactURL(component.name, component.version, artifact)))
        case .listComponents: return try GreengrassCoding.encode(try await list(input))
        case .listComponentVersions:
            return try GreengrassCoding.encode(try await listVersions(arn, input))
        case .deleteComponent:
            let (name, version) = try version(arn)
            try await translating(arn) { try await registry.delete(name, version: version) }
            return Data()
        case .tagResource, .untagResource:
            let (name, version) = try version(arn, "resourceArn")
            try await translating(arn) {
                try await registry.changeTags(
                    name, version: version, adding: input.tags ?? [:], removing: input.tagKeys)
            }
            return try GreengrassCoding.encode([String: String]())
        case .listTagsForResource:
            let tags = try await details(arn, "resourceArn").component.tags
            return try GreengrassCoding.encode(ListComponentTagsAnswer(tags: tags))
        }
    }

    /// Opens an artifact, which the signer of the URL must be allowed to get.
    ///
    /// - Throws: `resourceNotFound`, `AccessError.accessDenied`.
    package func readArtifact(
        _ name: ComponentName, _ version: ComponentVersion, _ artifact: String
    ) async throws -> any ArtifactReader {
        let operation = GreengrassOperation.getComponentVersionArtifact
        try caller.principal.check(
            try await request([operation.permission], arn(of: name, version)))
        return try await self.artifact(name, version, artifact)
    }

    private func artifact(_ name: ComponentName, _ version: ComponentVersion, _ artifact: String)
        async throws -> any ArtifactReader
    {
        guard let reader = try await registry.artifact(name, version: version, artifact) else {
            throw GreengrassError.notFound(
                "Artifact [\(artifact.prefix(200))] of component [\(name) : \(version)] does not "
                    + "exist", arn(of: name, version))
        }
        return reader
    }

    // MARK: Operations

    private func create(_ input: GreengrassInput) async throws -> Data {
        guard input.members["lambdaFunction"] == nil else {
            throw GreengrassError.validation(
                "lambdaFunction",
                "lambdaFunction is not supported: this server has no functions. Give the recipe as "
                    + "inlineRecipe.")
        }
        guard let bytes = input.bytes("inlineRecipe"), !bytes.isEmpty else {
            throw GreengrassError.validation("inlineRecipe", "inlineRecipe must hold a recipe.")
        }
        let recipe = try recipe(bytes)
        let tags = input.tags ?? [:]
        try await authorize(creating: recipe, tags)
        let token = input.text("clientToken") ?? UUID.random().uuidString
        // The tokens of two users are two.
        let user = caller.principal.userName.map { "\($0)/" } ?? ""
        let component = try await translating(arn(of: recipe.name, recipe.version)) {
            try await registry.createComponentVersion(
                recipe, tags: tags, clientToken: user + token)
        }
        return try GreengrassCoding.encode(
            CreateComponentVersionAnswer(
                arn: component.arn, componentName: component.name.text,
                componentVersion: component.version.text, creationTimestamp: component.created,
                status: ComponentStatusAnswer(componentState: component.state)))
    }

    private func describe(_ details: ComponentDetails) -> DescribeComponentAnswer {
        let component = details.component
        return DescribeComponentAnswer(
            arn: component.arn, componentName: component.name.text,
            componentVersion: component.version.text, creationTimestamp: component.created,
            publisher: details.recipe.publisher, description: details.recipe.description,
            status: ComponentStatusAnswer(componentState: component.state),
            platforms: details.recipe.platforms, tags: component.tags)
    }

    private func get(_ details: ComponentDetails, _ input: GreengrassInput) throws
        -> GetComponentAnswer
    {
        let format = input.text("recipeOutputFormat") ?? "JSON"
        return GetComponentAnswer(
            recipeOutputFormat: format,
            recipe: format == "YAML" ? try details.recipe.yaml() : try details.recipe.json(),
            tags: details.component.tags)
    }

    private func list(_ input: GreengrassInput) async throws -> ListComponentsAnswer {
        // Public components are those of AWS, which this server does not have.
        if input.text("scope") == "PUBLIC" { return .init(components: [], nextToken: nil) }
        let limit = input.integer("maxResults") ?? Self.pageSizeDefault
        let list = "greengrass/components"
        let start = try position(input, list: list, ComponentName.init)
        let found = try await registry.newest(after: start, limit: limit + 1)
        let components = found.prefix(limit).map { details in
            let component = details.component
            return ListComponentsAnswer.Component(
                arn: arns.component(component.name.text), componentName: component.name.text,
                latestVersion: .init(
                    arn: component.arn, componentVersion: component.version.text,
                    creationTimestamp: component.created, description: details.recipe.description,
                    publisher: details.recipe.publisher, platforms: details.recipe.platforms))
        }
        let next = found.count > limit ? components.last?.componentName : nil
        return .init(
            components: components, nextToken: next.map { pageTokens.token($0, list: list) })
    }

    private func listVersions(_ arn: String, _ input: GreengrassInput) async throws
        -> ListComponentVersionsAnswer
    {
        guard let component = ComponentARN(arn, arns: arns) else { throw missing(arn) }
        let limit = input.integer("maxResults") ?? Self.pageSizeDefault
        let list = "greengrass/versions/\(component.name)"
        let start = try position(input, list: list, ComponentVersion.init)
        let found = try await registry.versions(
            of: component.name, before: start, limit: limit + 1)
        let items = found.prefix(limit).map {
            ListComponentVersionsAnswer.Item(
                componentName: component.name.text, componentVersion: $0.text,
                arn: self.arn(of: component.name, $0))
        }
        let next = found.count > limit ? items.last?.componentVersion : nil
        return .init(
            componentVersions: items, nextToken: next.map { pageTokens.token($0, list: list) })
    }

    // MARK: Lookups and errors

    private func details(_ arn: String, _ member: String = "arn") async throws -> ComponentDetails {
        let (name, version) = try version(arn, member)
        guard let details = try await registry.details(name, version: version) else {
            throw missing(arn)
        }
        return details
    }

    /// - Parameter member: of the input, that the ARN is in.
    private func version(_ arn: String, _ member: String = "arn") throws(GreengrassError) -> (
        name: ComponentName, version: ComponentVersion
    ) {
        guard let component = ComponentARN(arn, arns: arns) else { throw missing(arn) }
        guard let version = component.version else {
            throw .validation(
                member,
                "\(member) must name a version: \(arns.componentVersion("NAME", "VERSION"))."
            )
        }
        return (component.name, version)
    }

    private func missing(_ arn: String) -> GreengrassError {
        .notFound("Resource [\(arn.prefix(300))] does not exist", arn)
    }

    /// - Parameter read: makes the position of its text, which this list wrote.
    private func position<Position>(
        _ input: GreengrassInput, list: String, _ read: (String) -> Position?
    ) throws(GreengrassError) -> Position? {
        guard let token = input.text("nextToken") else { return nil }
        do {
            return read(try pageTokens.position(token, list: list))
        } catch {
            throw .validation("nextToken", error.message.replacing("NextToken", with: "nextToken"))
        }
    }

    func arn(of name: ComponentName, _ version: ComponentVersion) -> String {
        arns.componentVersion(name.text, version.text)
    }

    /// The one place where a recipe of a client is read.
    func recipe(_ bytes: Data) throws(GreengrassError) -> RecipeDocument {
        do {
            return try RecipeDocument(validating: bytes)
        } catch {
            throw Self.translated(error, "")
        }
    }

    private func translating<Value>(_ arn: String, _ body: () async throws -> Value) async throws
        -> Value
    {
        do {
            return try await body()
        } catch let error as ComponentError {
            throw Self.translated(error, arn)
        }
    }

    static func translated(_ error: ComponentError, _ arn: String) -> GreengrassError {
        switch error.code {
        case .alreadyExists, .tokenReused: .conflict(error.message, arn)
        case .invalidRecipe, .artifactUnavailable: .validation("inlineRecipe", error.message)
        case .notFound: .notFound(error.message, arn)
        case .tooManyTags: .quotaExceeded(error.message, quota: "tags", arn)
        case .refused: GreengrassError(.accessDenied, error.message)
        }
    }
}
