package import FoundationEssentials
import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualClock: Sendable {
    private let state: Mutex<Date>

    /// - Parameter start: 2 February 2026 unless a test needs another time.
    package init(_ start: Date = Date(timeIntervalSince1970: 1_770_000_000)) {
        state = Mutex(start)
    }

    /// The time that the clock shows.
    package var now: Date { state.withLock { $0 } }

    /// Moves the clock on; a negative number moves it back.
    package func advance(by seconds: TimeInterval) {
        state.withLock { $0 = $0.addingTimeInterval(seconds) }
    }
}
