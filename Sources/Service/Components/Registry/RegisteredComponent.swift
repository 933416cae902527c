package import Base
package import FoundationEssentials

/// A component version that a registry knows, as far as callers of the registry see it.
package struct RegisteredComponent: Sendable, Codable, Equatable {
    /// Of the version, in the registry's region and account.
    package let arn: String
    /// The component's name; `arn` contains it.
    package let name: ComponentName
    /// Two registrations of one name differ in it; a registered version never changes.
    package let version: ComponentVersion
    /// Greengrass' word; `DEPLOYABLE` for one that devices can take.
    package let state: String
    /// At most `Limits.tagsMax`.
    package internal(set) var tags: [String: String]
    /// Token of the call that made it; empty where Greengrass does not say.
    package let clientToken: String
    /// When it was made, by the registry's clock.
    package let created: Date

    /// Made by registries from what they store or receive; checks nothing beyond the types.
    package init(
        arn: String, name: ComponentName, version: ComponentVersion, state: String,
        tags: [String: String], clientToken: String, created: Date
    ) {
        self.arn = arn
        self.name = name
        self.version = version
        self.state = state
        self.tags = tags
        self.clientToken = clientToken
        self.created = created
    }
}
