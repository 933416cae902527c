import NIOCore

/// How long a server has waited for a client, and whether that is too long for what came of it.
///
/// Time counts only while the server waits: a client does not answer for a server that is slow to
/// take what it sends.
struct ClientPace {
    /// Bytes that were moved since the beginning.
    private(set) var bytes: Int64 = 0
    private var waited: TimeAmount = .zero
    private var waitingSince: NIODeadline?

    /// Begins to wait; does nothing while it waits already.
    mutating func wait(_ now: NIODeadline) {
        if waitingSince == nil { waitingSince = now }
    }

    /// Ends waiting.
    mutating func stop(_ now: NIODeadline) {
        if let since = waitingSince { waited = waited + (now - since) }
        waitingSince = nil
    }

    mutating func move(_ count: Int) { bytes += Int64(count) }

    /// Whether the waiting, this moment's included, is longer than the bounds of
    /// `ConnectionLimits` allow for `bytes`.
    func isTooSlow(_ now: NIODeadline) -> Bool {
        guard let since = waitingSince else { return false }
        let allowed =
            ConnectionLimits.graceSeconds + bytes / ConnectionLimits.bytesPerSecondMin
        let seconds = min(allowed, ConnectionLimits.waitingSecondsMax)
        return waited + (now - since) > .seconds(seconds)
    }
}
