import NIOCore

/// Bounds on what a client may hold without sending or reading, each with its reason.
enum ConnectionLimits {
    /// An idle connection is closed after this; load balancers commonly keep theirs for 60 s. A
    /// request's head must have come by then, too.
    static let idleSeconds: Int64 = 120
    /// How long a client has to agree on TLS; a handshake over a satellite takes three.
    static let handshakeSeconds: Int64 = 20
    /// How long a body or the reading of an answer may rest before its pace counts: a network that
    /// is interrupted for a moment is not an attack.
    static let graceSeconds: Int64 = 20
    /// The least mean pace of a body and of the reading of an answer. A modem of 1998 is faster
    /// than a third of it, and 8 MiB take less than nine minutes.
    static let bytesPerSecondMin: Int64 = 16 << 10
    /// How long a server waits for one client in all: 5 GiB at 3 Mbit/s.
    static let waitingSecondsMax: Int64 = 4 * 3600
    /// How often each connection's pace is looked at.
    static let lookSeconds: Int64 = 2
    /// How long a client may go on sending what nobody reads.
    static let lingerSeconds: Int64 = 2
    /// How long connections have to end when the server stops. Supervisors kill after 10 s and
    /// more.
    static let stopSeconds: Int64 = 6
    /// File descriptors that are not for connections: databases, models, logs, what jobs open.
    static let descriptorsReserved = 128
    /// Descriptors that a connection may cost: its own and that of the file it reads or writes.
    static let descriptorsPerConnection = 2
}
