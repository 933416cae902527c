import Base
package import FoundationEssentials

// What the operations of Greengrass answer. Members are named as on the wire.

package struct ComponentStatusAnswer: Codable, Sendable, Equatable {
    package var componentState: String
    package var message = "NONE"
    /// Texts by URI of an artifact.
    package var errors: [String: String] = [:]
    package var vendorGuidance = "ACTIVE"

    package init(componentState: String) { self.componentState = componentState }
}

package struct ComponentPlatformAnswer: Codable, Sendable, Equatable {
    package var name: String
    package var attributes: [String: String]

    package init(name: String, attributes: [String: String]) {
        self.name = name
        self.attributes = attributes
    }
}

package struct CreateComponentVersionAnswer: Codable, Sendable {
    package var arn: String
    package var componentName: String
    package var componentVersion: String
    package var creationTimestamp: Date
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

package struct DescribeComponentAnswer: Codable, Sendable {
    package var arn: String
    package var componentName: String
    package var componentVersion: String
    package var creationTimestamp: Date
    package var publisher: String?
    package var description: String?
    package var status: ComponentStatusAnswer
    package var platforms: [ComponentPlatformAnswer]
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

package struct GetComponentAnswer: Codable, Sendable {
    package var recipeOutputFormat: String
    /// Travels as base64.
    package var recipe: Data
    package var tags: [String: String]

    package init(recipeOutputFormat: String, recipe: Data, tags: [String: String]) {
        self.recipeOutputFormat = recipeOutputFormat
        self.recipe = recipe
        self.tags = tags
    }
}

package struct GetComponentVersionArtifactAnswer: Codable, Sendable {
    package var preSignedUrl: String

    package init(preSignedUrl: String) { self.preSignedUrl = preSignedUrl }
}

package struct ListComponentsAnswer: Codable, Sendable {
    package struct Component: Codable, Sendable {
        package var arn: String
        package var componentName: String
        package var latestVersion: LatestVersion

        package init(arn: String, componentName: String, latestVersion: LatestVersion) {
            self.arn = arn
            self.componentName = componentName
            self.latestVersion = latestVersion
        }
    }

    package struct LatestVersion: Codable, Sendable {
        package var arn: String
        package var componentVersion: String
        package var creationTimestamp: Date
        package var description: String?
        package var publisher: String?
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

    package var components: [Component]
    package var nextToken: String?

    package init(components: [Component], nextToken: String?) {
        self.components = components
        self.nextToken = nextToken
    }
}

package struct ListComponentVersionsAnswer: Codable, Sendable {
    package struct Item: Codable, Sendable {
        package var componentName: String
        package var componentVersion: String
        package var arn: String

        package init(componentName: String, componentVersion: String, arn: String) {
            self.componentName = componentName
            self.componentVersion = componentVersion
            self.arn = arn
        }
    }

    package var componentVersions: [Item]
    package var nextToken: String?

    package init(componentVersions: [Item], nextToken: String?) {
        self.componentVersions = componentVersions
        self.nextToken = nextToken
    }
}

package struct ListComponentTagsAnswer: Codable, Sendable {
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
