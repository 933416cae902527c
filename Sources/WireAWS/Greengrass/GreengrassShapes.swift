package import Wire

/// The shapes of Greengrass' inputs, as its public API reference has them.
package enum GreengrassShapes {
    private static let version =
        "arn:[^:]*:greengrass:[^:]*:(aws|[0-9]+):components:[^:]+:versions:[^:]+"
    private static let component = "arn:[^:]*:greengrass:[^:]*:(aws|[0-9]+):components:[^:]+"
    private static let resource =
        "arn:[^:]*:greengrass:[^:]*:(aws|[0-9]+):(components|deployments|coreDevices):.*"
    private static let tag = #"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$"#

    /// By names of our own, which no client sees.
    package static let table = ShapeTable([
        ("ArtifactName", .string(length: 1...1200)),
        ("ClientToken", .string(length: 1...64, pattern: "^[a-zA-Z0-9-]+$")),
        ("ComponentARN", .string(length: 1...1011, pattern: component)),
        ("ComponentVersionARN", .string(length: 1...1011, pattern: version)),
        ("LambdaFunction", .document),
        ("NextToken", .string(length: 0...2048)),
        ("PageSize", .integer(1...100)),
        ("Recipe", .blob()),
        ("RecipeOutputFormat", .string(enumeration: ["JSON", "YAML"])),
        ("ResourceARN", .string(length: 1...1011, pattern: resource)),
        ("S3EndpointType", .string(enumeration: ["REGIONAL", "GLOBAL"])),
        ("Scope", .string(enumeration: ["PRIVATE", "PUBLIC"])),
        ("TagKey", .string(length: 1...128, pattern: tag)),
        ("TagKeyList", .list(of: "TagKey", count: 1...200)),
        ("TagMap", .map(key: "TagKey", value: "TagValue", count: 1...200, reserved: "aws:")),
        ("TagValue", .string(length: 0...256, pattern: tag)),
    ])
}
