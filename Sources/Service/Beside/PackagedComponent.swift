import Access
import Base
package import FoundationEssentials
import Storage
package import Wire

/// What a packaging job made, for people who carry it to a device.
extension Operations {
    /// Where the archive of a packaging job that has succeeded lies.
    ///
    /// - Parameter package: the job as DescribeModelPackagingJob describes it.
    /// - Returns: its `s3://BUCKET/KEY`; nil for a job that has made nothing.
    package func archive(of package: ModelPackagingDescription) -> String? {
        guard let made = package.modelPackagingOutputDetails?.greengrass else { return nil }
        let place = package.modelPackagingConfiguration.greengrass.archive(
            project: package.metadata.projectName, modelVersion: package.metadata.modelVersion,
            componentVersion: made.componentVersion)
        return "s3://\(place.bucket)/\(place.key)"
    }

    /// The recipe of the component that a packaging job made, as GetComponent returns it.
    ///
    /// - Returns: JSON; nil for a job that has made nothing, and where Greengrass keeps recipes.
    /// - Throws: `accessDenied` without `greengrass:GetComponent`; `StorageError` where the
    ///   registry cannot be read; `EncodingError` as `RecipeDocument.json`.
    package func recipe(of package: ModelPackagingDescription) async throws -> Data? {
        guard let made = package.modelPackagingOutputDetails?.greengrass,
            let name = ComponentName(made.componentName),
            let version = ComponentVersion(made.componentVersion),
            let catalogue = context.registry as? any ComponentCatalogue
        else { return nil }
        try caller.principal.check(
            caller.request(["greengrass:GetComponent"], on: made.componentVersionArn))
        return try await catalogue.details(name, version: version)?.recipe.json()
    }
}
