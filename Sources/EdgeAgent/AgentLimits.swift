import Vision

/// Bounds of the agent, each with its reason.
package enum AgentLimits {
    /// Bytes of the largest image that the interface allows.
    static let imageBytesMax =
        VisionLimits.imageSidePixelsMax * VisionLimits.imageSidePixelsMax * 3
    /// A request is an image and a few names.
    static let requestBytesMax = imageBytesMax + 65_536
    /// Calls that wait for a core; more would wait longer than a production line does.
    package static let waitingCallsMax = 128
    /// Bytes of images that wait: five of the largest, or 128 of 1920×1080 in part.
    package static let waitingBytesMax = 256 << 20
    /// Calls at once on one connection: above those that may wait, so that the rest gets a clear
    /// refusal. Clients must be told: without a number they assume none and lose the connection.
    static let connectionCallsMax = 256
    /// Bytes that wait in a connection to be written before it counts as unwritable: above the
    /// windows that gRPC's clients open, which grow to 16 MiB.
    static let writeBufferBytesMax = 64 << 20
    /// Permissions of the socket for attaching: who attaches a package decides what judges, so
    /// that only those may who could replace the agent's files as well.
    package static let attachingSocketMode: UInt32 = 0o600
    /// Bytes of a request to attach: two paths of at most 4,096 bytes and a few settings.
    static let attachRequestBytesMax = 64 << 10
    /// Models that the agent lists.
    static let modelsMax = 256
    /// Characters of a component's name, as Greengrass has it.
    static let componentCharactersMax = 128
    /// Bytes of a shared memory name: NAME_MAX of Linux less the slash.
    static let segmentNameBytesMax = 254
    /// Seconds that calls get to end after SIGTERM, below Greengrass' 15.
    static let drainSeconds = 10
    /// How often folders of models are looked at.
    static let folderPollMilliseconds: Int64 = 1000
    /// Pause of `attach` before it tries the socket again.
    static let attachRetryMilliseconds: Int64 = 1000
    /// Bytes of an agent's configuration file.
    static let configurationBytesMax = 1 << 20
}
