package import FoundationEssentials
import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualClock: Sendable {
    private let state: Mutex<Date>

    package init(_ start: Date = Date(timeIntervalSince1970: 1_770_000_000)) {
        state = Mutex(start)
    }

    package var now: Date { state.withLock { $0 } }

    package func advance(by seconds: TimeInterval) {
        state.withLock { $0 = $0.addingTimeInterval(seconds) }
    }
}
