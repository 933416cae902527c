import Base
package import FoundationEssentials

// What the operations of Greengrass answer. Members are named as on the wire.

/// Whether a component version can be deployed.
package struct ComponentStatusAnswer: Codable, Sendable, Equatable {
    /// `DEPLOYABLE` for every version that is there.
    package var componentState: String
    /// `NONE`: there is nothing to say of a deployable version.
    package var message = "NONE"
    /// Texts by URI of an artifact.
    package var errors: [String: String] = [:]
    /// `ACTIVE`: nothing advises against the version.
    package var vendorGuidance = "ACTIVE"

    package init(componentState: String) { self.componentState = componentState }
}

/// A platform of the recipe's manifests.
package struct ComponentPlatformAnswer: Codable, Sendable, Equatable {
    /// The manifest's `Name`, or its `os` and `architecture` joined by a hyphen.
    package var name: String
    /// The recipe's platform by attribute, as in `os` and `architecture`.
    package var attributes: [String: String]

    package init(name: String, attributes: [String: String]) {
        self.name = name
        self.attributes = attributes
    }
}

/// Output of CreateComponentVersion; the same for a repeated client token.
package struct CreateComponentVersionAnswer: Codable, Sendable {
    /// `arn:aws:greengrass:REGION:ACCOUNT:components:NAME:versions:VERSION`.
    package var arn: String
    /// 1 to 128 letters, digits and `-_.`, as the recipe has it.
    package var componentName: String
    /// A semantic version, as the recipe has it.
    package var componentVersion: String
    /// In seconds since 1970 on the wire.
    package var creationTimestamp: Date
    /// Deployable for every version that an answer shows.
    package var status: ComponentStatusAnswer

    package init(
        arn: String, componentName: String, componentVersion: String, creationTimestamp: Date,
        status: ComponentStatusAnswer
    ) {
        self.arn = arn
        self.componentName = componentName
        self.componentVersion = componentVersion
        self.creationTimestamp = creationTimestamp
        self.status = status
    }
}

/// Output of DescribeComponent.
package struct DescribeComponentAnswer: Codable, Sendable {
    /// `arn:aws:greengrass:REGION:ACCOUNT:components:NAME:versions:VERSION`.
    package var arn: String
    /// 1 to 128 letters, digits and `-_.`, as the recipe has it.
    package var componentName: String
    /// A semantic version, as the recipe has it.
    package var componentVersion: String
    /// In seconds since 1970 on the wire.
    package var creationTimestamp: Date
    /// Of the recipe; nil when it names none.
    package var publisher: String?
    /// Of the recipe; nil when it has none.
    package var description: String?
    /// Deployable for every version that an answer shows.
    package var status: ComponentStatusAnswer
    /// In the order of the recipe's manifests.
    package var platforms: [ComponentPlatformAnswer]
    /// Of the component version, by key; empty when it has none.
    package var tags: [String: String]

    package init(
        arn: String, componentName: String, componentVersion: String, creationTimestamp: Date,
        publisher: String?, description: String?, status: ComponentStatusAnswer,
        platforms: [ComponentPlatformAnswer], tags: [String: String]
    ) {
        self.arn = arn
        self.componentName = componentName
        self.componentVersion = componentVersion
        self.creationTimestamp = creationTimestamp
        self.publisher = publisher
        self.description = description
        self.status = status
        self.platforms = platforms
        self.tags = tags
    }
}

/// Output of GetComponent.
package struct GetComponentAnswer: Codable, Sendable {
    /// `JSON` or `YAML`, as it was asked for.
    package var recipeOutputFormat: String
    /// Travels as base64.
    package var recipe: Data
    /// Of the component version, by key; empty when it has none.
    package var tags: [String: String]

    package init(recipeOutputFormat: String, recipe: Data, tags: [String: String]) {
        self.recipeOutputFormat = recipeOutputFormat
        self.recipe = recipe
        self.tags = tags
    }
}

/// Output of GetComponentVersionArtifact.
package struct GetComponentVersionArtifactAnswer: Codable, Sendable {
    /// A URL of this server that is good for an hour.
    package var preSignedUrl: String

    package init(preSignedUrl: String) { self.preSignedUrl = preSignedUrl }
}

/// Output of ListComponents.
package struct ListComponentsAnswer: Codable, Sendable {
    /// A component by its newest version.
    package struct Component: Codable, Sendable {
        /// Of the component, without a version.
        package var arn: String
        /// 1 to 128 letters, digits and `-_.`, as the recipe has it.
        package var componentName: String
        /// The highest version by number, not the last that was made.
        package var latestVersion: LatestVersion

        package init(arn: String, componentName: String, latestVersion: LatestVersion) {
            self.arn = arn
            self.componentName = componentName
            self.latestVersion = latestVersion
        }
    }

    /// The newest version of a component in a list.
    package struct LatestVersion: Codable, Sendable {
        /// `arn:aws:greengrass:REGION:ACCOUNT:components:NAME:versions:VERSION`.
        package var arn: String
        /// A semantic version, as the recipe has it.
        package var componentVersion: String
        /// In seconds since 1970 on the wire.
        package var creationTimestamp: Date
        /// Of the recipe; nil when it has none.
        package var description: String?
        /// Of the recipe; nil when it names none.
        package var publisher: String?
        /// In the order of the recipe's manifests.
        package var platforms: [ComponentPlatformAnswer]

        package init(
            arn: String, componentVersion: String, creationTimestamp: Date, description: String?,
            publisher: String?, platforms: [ComponentPlatformAnswer]
        ) {
            self.arn = arn
            self.componentVersion = componentVersion
            self.creationTimestamp = creationTimestamp
            self.description = description
            self.publisher = publisher
            self.platforms = platforms
        }
    }

    /// In the order of their names.
    package var components: [Component]
    /// Opaque position of the next page; nil ends the list.
    package var nextToken: String?

    package init(components: [Component], nextToken: String?) {
        self.components = components
        self.nextToken = nextToken
    }
}

/// Output of ListComponentVersions.
package struct ListComponentVersionsAnswer: Codable, Sendable {
    /// A version of a component in a list.
    package struct Item: Codable, Sendable {
        /// 1 to 128 letters, digits and `-_.`, as the recipe has it.
        package var componentName: String
        /// A semantic version, as the recipe has it.
        package var componentVersion: String
        /// `arn:aws:greengrass:REGION:ACCOUNT:components:NAME:versions:VERSION`.
        package var arn: String

        package init(componentName: String, componentVersion: String, arn: String) {
            self.componentName = componentName
            self.componentVersion = componentVersion
            self.arn = arn
        }
    }

    /// Highest version first.
    package var componentVersions: [Item]
    /// Opaque position of the next page; nil ends the list.
    package var nextToken: String?

    package init(componentVersions: [Item], nextToken: String?) {
        self.componentVersions = componentVersions
        self.nextToken = nextToken
    }
}

/// Output of ListTagsForResource.
package struct ListComponentTagsAnswer: Codable, Sendable {
    /// Of the component version, by key; empty when it has none.
    package var tags: [String: String]

    package init(tags: [String: String]) { self.tags = tags }
}

/// JSON as Greengrass writes it: times in seconds since 1970, bytes in base64.
package enum GreengrassCoding {
    /// - Throws: `EncodingError`, as `JSONCoding.encode` does.
    package static func encode(_ answer: some Encodable) throws -> Data {
        try JSONCoding.encode(answer, dates: .secondsSince1970)
    }
}
