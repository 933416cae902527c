package import FoundationEssentials
package import Storage

/// A link with which somebody signs in once, without a key.
package enum ConsoleLink {
    /// Makes a link.
    ///
    /// - Parameter userName: nil for the owner of the root key.
    /// - Returns: its path and query, to be put behind the server's address; it is good for 15
    ///   minutes.
    /// - Throws: what the database throws.
    package static func make(
        _ userName: String?, in metadata: any MetadataStore, now: Date
    ) async throws -> String {
        let token = try await SessionBook.make(
            .link, userName, seconds: ConsoleLimits.linkSeconds, in: metadata, now: now)
        return "/console/link?token=\(token)"
    }
}
