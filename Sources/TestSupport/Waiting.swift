import FoundationEssentials
import Glibc
import Synchronization

/// Waiting for something that others do, with a bound: a test that waits for ever says nothing.
package enum Waiting {
    /// Far longer than anything that tests wait for takes, also on a busy machine.
    private static let secondsMax = 180.0
    private static let pollMilliseconds: UInt32 = 2

    /// What was waited for did not happen within three minutes.
    package struct TookTooLong: Error, CustomStringConvertible {
        private let what: String

        fileprivate init(_ what: String) { self.what = what }

        package var description: String { "Waited \(Waiting.secondsMax) s in vain for \(what)." }
    }

    /// Returns once `isTrue` returns true; it is asked every few milliseconds.
    ///
    /// - Parameter what: names the event in the error.
    /// - Throws: `TookTooLong` after three minutes; `CancellationError`; what `isTrue` throws.
    package static func until(
        _ what: String, _ isTrue: () async throws -> Bool
    ) async throws {
        let start = ContinuousClock.now
        while try await !isTrue() {
            guard (ContinuousClock.now - start) / .seconds(1) < secondsMax else {
                throw TookTooLong(what)
            }
            try await Task.sleep(for: .milliseconds(pollMilliseconds))
        }
    }

    /// The same on a thread that may block, such as one of a store's.
    ///
    /// - Parameter what: names the event in the error.
    /// - Throws: `TookTooLong` after three minutes; what `isTrue` throws.
    package static func blocking(until what: String, _ isTrue: () throws -> Bool) throws {
        let start = ContinuousClock.now
        while try !isTrue() {
            guard (ContinuousClock.now - start) / .seconds(1) < secondsMax else {
                throw TookTooLong(what)
            }
            usleep(pollMilliseconds * 1000)
        }
    }
}

/// Something that happens once, for threads and tasks of a test.
package final class Flag: Sendable {
    private let state = Mutex(false)
    private let name: String

    /// - Parameter name: says in errors what did not happen.
    package init(_ name: String) { self.name = name }

    /// Whether it has happened.
    package var isRaised: Bool { state.withLock { $0 } }

    /// It happens; once is enough, and it cannot be taken back.
    package func raise() { state.withLock { $0 = true } }

    /// Blocks the thread until it has happened.
    ///
    /// - Throws: `Waiting.TookTooLong` after three minutes.
    package func wait() throws { try Waiting.blocking(until: name) { isRaised } }

    /// Suspends the task until it has happened.
    ///
    /// - Throws: `Waiting.TookTooLong` after three minutes; `CancellationError`.
    package func raised() async throws { try await Waiting.until(name) { isRaised } }
}
