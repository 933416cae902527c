import FoundationEssentials
import Glibc
import NIOPosix
import Synchronization

/// Receives what other processes send with NOTIFY, on a connection and a thread of its own.
///
/// After a lost connection nobody knows what was missed, so every topic is posted.
final class PostgreSQLListener: Sendable {
    static let channel = "spotter"

    let changes = MetadataChanges()
    private let address: PostgreSQLAddress
    private let limits: PostgreSQLLimits
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let isStarted = Atomic(false)
    private let isStopped = Atomic(false)

    init(_ address: PostgreSQLAddress, _ limits: PostgreSQLLimits) {
        self.address = address
        self.limits = limits
    }

    /// Whether it was asked to listen, and not to stop.
    var isRunning: Bool {
        isStarted.load(ordering: .relaxed) && !isStopped.load(ordering: .relaxed)
    }

    /// Begins to listen; once.
    func start() {
        guard !isStarted.exchange(true, ordering: .relaxed) else { return }
        thread.start()
        thread.submit { [self] state in
            var pause = 0.0
            while state == .active, let milliseconds = hear(after: pause) { pause = milliseconds }
        }
    }

    func stop() {
        isStopped.store(true, ordering: .relaxed)
        thread.shutdownGracefully { _ in }
    }

    /// Listens on one connection until it is lost.
    ///
    /// - Parameter pause: milliseconds to wait before.
    /// - Returns: milliseconds to wait before the next one; nil when the listener was stopped.
    private func hear(after pause: Double) -> Double? {
        var waited = 0.0
        while waited < pause, !isStopped.load(ordering: .relaxed) {
            usleep(20_000)
            waited += 20
        }
        guard !isStopped.load(ordering: .relaxed) else { return nil }
        var next = min(max(pause * 2, limits.reconnectMilliseconds), 10_000)
        do {
            let connection = try PostgreSQLConnection(address, limits)
            try connection.execute("LISTEN \(Self.channel)")
            next = limits.reconnectMilliseconds
            MetadataChanges.Topic.allCases.forEach(changes.post)
            while !isStopped.load(ordering: .relaxed) {
                for payload in try connection.notifications(waitMilliseconds: 250) {
                    if let topic = MetadataChanges.Topic(rawValue: payload) { changes.post(topic) }
                }
            }
            return nil
        } catch {
            return next
        }
    }
}
