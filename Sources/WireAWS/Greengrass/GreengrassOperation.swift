
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

    package struct Definition: Sendable {
        package let method: String
        /// Path template; a segment in braces is a label, with `+` one that takes the rest.
        package let path: String
        /// HTTP status of success.
        package let status: Int
        package let resource: Resource
        package let input: [Member]

        init(
            _ method: String, _ path: String, status: Int = 200, _ resource: Resource,
            _ input: [Member]
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

    /// A member of an operation's input.
    package struct Member: Sendable {
        package let name: String
        package let location: Location
        package let type: MemberType
        package let isRequired: Bool

        init(
            _ name: String, _ location: Location, _ type: MemberType, required: Bool = false
        ) {
            self.name = name
            self.location = location
            self.type = type
            isRequired = required
        }
    }

    package enum Location: Sendable {
        case body
        case path
        case query
    }

    package enum MemberType: Sendable {
        case text(ClosedRange<Int>, pattern: String? = nil)
        case enumeration([String])
        case integer(ClosedRange<Int>)
        /// Base64 in the body.
        case blob
        case tags
        case tagKeys
        /// Anything; whoever takes it looks at it.
        case document
    }

    private static let version = Member(
        "arn", .path,
        .text(
            1...1011,
            pattern: "arn:[^:]*:greengrass:[^:]*:(aws|[0-9]+):components:[^:]+:versions:[^:]+"),
        required: true)
    private static let tagged = Member(
        "resourceArn", .path,
        .text(
            1...1011,
            pattern: "arn:[^:]*:greengrass:[^:]*:(aws|[0-9]+):(components|deployments|coreDevices)"
                + ":.*"),
        required: true)
    private static let page = [
        Member("maxResults", .query, .integer(1...100)),
        Member("nextToken", .query, .text(0...2048)),
    ]

    package var definition: Definition {
        switch self {
        case .createComponentVersion:
            .init(
                "POST", "/greengrass/v2/createComponentVersion", status: 201, .recipe,
                [
                    Member("inlineRecipe", .body, .blob),
                    Member("lambdaFunction", .body, .document),
                    Member("tags", .body, .tags),
                    Member("clientToken", .body, .text(1...64, pattern: "^[a-zA-Z0-9-]+$")),
                ])
        case .describeComponent:
            .init("GET", "/greengrass/v2/components/{arn}/metadata", .named, [Self.version])
        case .getComponent:
            .init(
                "GET", "/greengrass/v2/components/{arn}", .named,
                [
                    Self.version,
                    Member("recipeOutputFormat", .query, .enumeration(["JSON", "YAML"])),
                ])
        case .getComponentVersionArtifact:
            .init(
                "GET", "/greengrass/v2/components/{arn}/artifacts/{artifactName+}", .named,
                [
                    Self.version, Member("artifactName", .path, .text(1...1200), required: true),
                    Member("s3EndpointType", .query, .enumeration(["REGIONAL", "GLOBAL"])),
                ])
        case .listComponents:
            .init(
                "GET", "/greengrass/v2/components", .none,
                [Member("scope", .query, .enumeration(["PRIVATE", "PUBLIC"]))] + Self.page)
        case .listComponentVersions:
            .init(
                "GET", "/greengrass/v2/components/{arn}/versions", .named,
                [
                    Member(
                        "arn", .path,
                        .text(
                            1...1011,
                            pattern: "arn:[^:]*:greengrass:[^:]*:(aws|[0-9]+):components:[^:]+"),
                        required: true)
                ] + Self.page)
        case .deleteComponent:
            .init(
                "DELETE", "/greengrass/v2/components/{arn}", status: 204, .named, [Self.version])
        case .tagResource:
            .init(
                "POST", "/tags/{resourceArn}", .named,
                [Self.tagged, Member("tags", .body, .tags, required: true)])
        case .untagResource:
            .init(
                "DELETE", "/tags/{resourceArn}", .named,
                [Self.tagged, Member("tagKeys", .query, .tagKeys, required: true)])
        case .listTagsForResource:
            .init("GET", "/tags/{resourceArn}", .named, [Self.tagged])
        }
    }

    /// IAM's name of the permission that a caller needs.
    package var permission: String { "greengrass:\(rawValue)" }

    /// Whether the operation changes nothing.
    package var isReadOnly: Bool { definition.method == "GET" }
}
