import FoundationEssentials
import Synchronization

/// Which images galleries showed last and in which order: turning a page neither filters nor sorts
/// again.
final class GalleryOrders: Sendable {
    /// All that an order depends on.
    struct Key: Hashable {
        /// Of the dataset's index, which is another one once the dataset has changed.
        let index: UUID
        let filter: String
        let order: String
        let search: String
        /// Of the evaluation whose scores count; nil where none does.
        let evaluation: UUID?
        let threshold: Double?
    }

    /// The one that was asked for last comes last.
    private let kept = Mutex<[(key: Key, places: [Int])]>([])

    /// Places in the index's entries.
    func places(_ key: Key) -> [Int]? {
        kept.withLock { kept in
            guard let found = kept.firstIndex(where: { $0.key == key }) else { return nil }
            let order = kept.remove(at: found)
            kept.append(order)
            return order.places
        }
    }

    func keep(_ places: [Int], _ key: Key) {
        kept.withLock { kept in
            kept.append((key, places))
            if kept.count > ConsoleLimits.ordersKeptMax { kept.removeFirst() }
        }
    }
}
