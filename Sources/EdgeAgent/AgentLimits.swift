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
    /// Models that are loaded at the same time: enough that a slow one keeps nobody waiting.
    static let loadsMax = 4
    /// Seconds of a load, with its self-test: a package of Spotter takes one to five on a device.
    static let loadSecondsMax = 120.0
    /// The same with a GPU, whose engines TensorRT builds for minutes.
    static let acceleratedLoadSecondsMax = 1800.0
    /// Loads under way at the same time, with those that were given up: each has a thread and a
    /// model in memory.
    static let leftLoadsMax = 8
    /// Threads that read folders and packages: attachments do not wait for a slow folder.
    static let fileThreads = 2
    /// Buffers of so many bytes and more are the system's again when they are freed. A model judges
    /// in some of up to 6 MB, which the heap would keep for the next picture: docs/edge.md has what
    /// other sizes cost.
    static let returnedBufferBytes: Int32 = 4 << 20
    /// Seconds that calls get to end after SIGTERM, so that the agent is gone within 10.
    static let drainSeconds = 8.0
    /// Seconds after SIGTERM until the process ends whatever still computes, below 10 and below
    /// the 15 of Greengrass.
    static let endSeconds = 9.5
    /// How often folders of models are looked at.
    static let folderPollMilliseconds: Int64 = 1000
    /// Pause of `attach` before it tries the socket again.
    static let attachRetryMilliseconds: Int64 = 1000
    /// Bytes of an agent's configuration file.
    static let configurationBytesMax = 1 << 20
}
