/// What is wrong with a manifest or with what it names, for the person who wrote it.
package struct ManifestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A sentence that names the manifest, and the line where there is one.
    package let description: String

    package init(_ description: String) { self.description = description }
}
