import Synchronization

/// What was read or computed last, by all that it depends on. With one value too many the one goes
/// that was asked for the longest ago.
package final class RecentValues<Key: Equatable & Sendable, Value: Sendable>: Sendable {
    private let countMax: Int
    /// The one that was asked for last comes last.
    private let kept = Mutex<[(key: Key, value: Value)]>([])

    /// - Parameter countMax: how many values are kept; few, since they are looked for one by one.
    package init(countMax: Int) { self.countMax = countMax }

    /// - Returns: nil for a key whose value is not kept.
    package func value(_ key: Key) -> Value? {
        kept.withLock { kept in
            guard let place = kept.firstIndex(where: { $0.key == key }) else { return nil }
            kept.append(kept.remove(at: place))
            return kept.last?.value
        }
    }

    /// Keeps a value in the place of the one that its key had.
    package func keep(_ value: Value, _ key: Key) {
        kept.withLock { kept in
            kept.removeAll { $0.key == key }
            kept.append((key, value))
            if kept.count > countMax { kept.removeFirst() }
        }
    }
}
