/// The component that brings the agent to the device: what its recipe and those of models share.
package enum EdgeAgentComponent {
    /// The name under which the agent is published unless its operator gives another one.
    package static let name = "com.spotter.EdgeAgent"
    /// The name on which recipes of Lookout for Vision's models depend.
    package static let originalName = "aws.iot.lookoutvision.EdgeAgent"
    /// The bucket that gets the agent's archive unless its operator gives another one.
    package static let bucket = "spotter-edge-agent"
    /// Comparisons alone: the C nucleus understands no other form of a range.
    static let versionRequirement = ">=0.1.0 <1.0.0"
    /// File name of the agent's program, in the folder `bin` of its bundle.
    package static let executable = "spotter-edge"
    /// Where programs that were written for Lookout for Vision expect the agent.
    static let socket = "unix:///tmp/aws.iot.lookoutvision.EdgeAgent.sock"

    /// Where a device finds the agent, whatever its version: the agent's component links its folder
    /// of programs into its work folder. No nucleus resolves another component's unpacked files
    /// without their version, and the C nucleus resolves none at all.
    static func program(_ name: String) -> String {
        "{kernel:rootPath}/work/\(name)/bin/\(executable)"
    }
}
