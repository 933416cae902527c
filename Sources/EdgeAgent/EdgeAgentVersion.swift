/// The agent's version; the component of the same version holds it.
package enum EdgeAgentVersion {
    package static let current = "0.1.0"
}
