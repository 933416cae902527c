package import Access
package import Base

/// The ARN of a component, or of one of its versions, of this installation.
package struct ComponentARN: Sendable, Equatable {
    /// The component, with or without a version.
    package let name: ComponentName
    /// nil in the ARN of the component itself.
    package let version: ComponentVersion?

    /// Reads an ARN strictly: it must be the very text that `ARNs` would write, so that a policy
    /// and the registry cannot mean different components.
    ///
    /// - Returns: nil for another region or account, and for names and versions that no component
    ///   can have.
    package init?(_ text: String, arns: ARNs) {
        let start = arns.component("")
        guard text.hasPrefix(start) else { return nil }
        let parts = text.dropFirst(start.count).split(
            separator: ":", omittingEmptySubsequences: false)
        guard let name = ComponentName(String(parts[0])) else { return nil }
        switch parts.count {
        case 1: version = nil
        case 3:
            guard parts[1] == "versions", let read = ComponentVersion(String(parts[2])) else {
                return nil
            }
            version = read
        default: return nil
        }
        self.name = name
    }
}
