package import Wire

/// The operations of Greengrass V2 that Spotter answers. Router, validation, permission checks,
/// audit log and metrics derive from this table.
package enum GreengrassOperation: String, CaseIterable, Sendable {
    case createComponentVersion = "CreateComponentVersion"
    case describeComponent = "DescribeComponent"
    case getComponent = "GetComponent"
    case getComponentVersionArtifact = "GetComponentVersionArtifact"
    case listComponents = "ListComponents"
    case listComponentVersions = "ListComponentVersions"
    case deleteComponent = "DeleteComponent"
    case tagResource = "TagResource"
    case untagResource = "UntagResource"
    case listTagsForResource = "ListTagsForResource"

    /// The row of an operation.
    package struct Definition: Sendable {
        /// HTTP method, upper case.
        package let method: String
        /// Path template; a segment in braces is a label, with `+` one that takes the rest.
        package let path: String
        /// HTTP status of success.
        package let status: Int
        /// Whose permission the caller needs, beside those that a recipe asks for.
        package let resource: Resource
        /// Members of the input, with shapes of `GreengrassShapes.table`.
        package let input: [Shape.Member]

        init(
            _ method: String, _ path: String, status: Int = 200, _ resource: Resource,
            _ input: [Shape.Member]
        ) {
            self.method = method
            self.path = path
            self.status = status
            self.resource = resource
            self.input = input
        }
    }

    /// What a policy's Resource is compared with.
    package enum Resource: Sendable {
        /// No resource: `*`.
        case none
        /// The component that the recipe names.
        case recipe
        /// The ARN in the path.
        case named
    }

    private static let version = Shape.Member(
        "arn", "ComponentVersionARN", required: true, in: .path("arn"))
    private static let component = Shape.Member(
        "arn", "ComponentARN", required: true, in: .path("arn"))
    private static let tagged = Shape.Member(
        "resourceArn", "ResourceARN", required: true, in: .path("resourceArn"))
    private static let page = [
        Shape.Member("maxResults", "PageSize", in: .query("maxResults")),
        Shape.Member("nextToken", "NextToken", in: .query("nextToken")),
    ]

    /// The operation's row of the table.
    package var definition: Definition {
        switch self {
        case .createComponentVersion:
            .init(
                "POST", "/greengrass/v2/createComponentVersion", status: 201, .recipe,
                [
                    .init("inlineRecipe", "Recipe"), .init("lambdaFunction", "LambdaFunction"),
                    .init("tags", "TagMap"), .init("clientToken", "ClientToken"),
                ])
        case .describeComponent:
            .init("GET", "/greengrass/v2/components/{arn}/metadata", .named, [Self.version])
        case .getComponent:
            .init(
                "GET", "/greengrass/v2/components/{arn}", .named,
                [
                    Self.version,
                    .init(
                        "recipeOutputFormat", "RecipeOutputFormat", in: .query("recipeOutputFormat")
                    ),
                ])
        case .getComponentVersionArtifact:
            .init(
                "GET", "/greengrass/v2/components/{arn}/artifacts/{artifactName+}", .named,
                [
                    Self.version,
                    .init(
                        "artifactName", "ArtifactName", required: true, in: .path("artifactName")),
                    .init("s3EndpointType", "S3EndpointType", in: .query("s3EndpointType")),
                ])
        case .listComponents:
            .init(
                "GET", "/greengrass/v2/components", .none,
                [.init("scope", "Scope", in: .query("scope"))] + Self.page)
        case .listComponentVersions:
            .init(
                "GET", "/greengrass/v2/components/{arn}/versions", .named,
                [Self.component] + Self.page)
        case .deleteComponent:
            .init(
                "DELETE", "/greengrass/v2/components/{arn}", status: 204, .named, [Self.version])
        case .tagResource:
            .init(
                "POST", "/tags/{resourceArn}", .named,
                [Self.tagged, .init("tags", "TagMap", required: true)])
        case .untagResource:
            .init(
                "DELETE", "/tags/{resourceArn}", .named,
                [
                    Self.tagged,
                    .init("tagKeys", "TagKeyList", required: true, in: .query("tagKeys")),
                ]
            )
        case .listTagsForResource:
            .init("GET", "/tags/{resourceArn}", .named, [Self.tagged])
        }
    }

    /// IAM's name of the permission that a caller needs.
    package var permission: String { "greengrass:\(rawValue)" }

    /// Whether the operation changes nothing.
    package var isReadOnly: Bool { definition.method == "GET" }
}
