import Base
import FoundationEssentials
import NIOPosix
import Service
import Synchronization
import Vision

/// What pages about images keep in memory between requests.
final class GalleryMemory: Sendable {
    let indexes = DatasetIndexes()
    let hashes = PictureHashes()
    /// Places in an index's entries: turning a page neither filters nor sorts again.
    let orders = RecentValues<GalleryOrder, [Int]>(countMax: ConsoleLimits.ordersKeptMax)
    let names = NameOrders()
    /// The groups of datasets all of whose pictures are known.
    let groups = RecentValues<LookalikeOwner, [String: Int]>(countMax: ConsoleLimits.groupsKeptMax)
    let rights = TrainingRights()
}

/// Whose lookalikes were found in which dataset: people may not see the same pictures.
struct LookalikeOwner: Equatable {
    let index: UUID
    let person: String
}

/// What pictures look like in 64 bits, by their version. Nearly equal pictures differ in few.
final class PictureHashes: Sendable {
    /// Pictures that are remembered: four of the largest datasets, 10 MB.
    private static let keptMax = 64_000

    private let kept = Mutex<[String: UInt64]>([:])

    func hash(_ name: String) -> UInt64? { kept.withLock { $0[name] } }

    func keep(_ hash: UInt64, _ name: String) {
        kept.withLock { kept in
            if kept.count >= Self.keptMax { kept.removeAll() }
            kept[name] = hash
        }
    }

    /// A bit for each two neighbours of 9 × 8 grey cells: whether it becomes lighter to the right.
    static func hash(of picture: RGBImage) -> UInt64 {
        let small = Resize.resize(picture, width: 9, height: 8)
        var bits: UInt64 = 0
        for y in 0..<8 {
            for x in 0..<8 {
                let (left, right) = (light(small[x, y]), light(small[x + 1, y]))
                bits = bits << 1 | (right > left ? 1 : 0)
            }
        }
        return bits
    }

    private static func light(_ color: RGB) -> Int {
        299 * Int(color.red) + 587 * Int(color.green) + 114 * Int(color.blue)
    }

    /// Numbers of groups from 1, for those that look like another one.
    static func groups(_ hashes: [(source: String, hash: UInt64)]) -> [String: Int] {
        var parents = Array(hashes.indices)
        func root(_ place: Int) -> Int {
            var place = place
            while parents[place] != place {
                parents[place] = parents[parents[place]]
                place = parents[place]
            }
            return place
        }
        // Of eight bytes one is equal where at most seven bits differ.
        for byte in 0..<8 {
            var same: [UInt8: [Int]] = [:]
            for (place, entry) in hashes.enumerated() {
                same[UInt8(truncatingIfNeeded: entry.hash >> (8 * byte)), default: []].append(place)
            }
            for places in same.values {
                for (number, left) in places.enumerated() {
                    for right in places[(number + 1)...]
                    where (hashes[left].hash ^ hashes[right].hash).nonzeroBitCount
                        <= ConsoleLimits.lookalikeBitsMax
                    {
                        parents[root(left)] = root(right)
                    }
                }
            }
        }
        var sizes: [Int: Int] = [:]
        for place in hashes.indices { sizes[root(place), default: 0] += 1 }
        var numbers: [Int: Int] = [:]
        var groups: [String: Int] = [:]
        for (place, entry) in hashes.enumerated() where sizes[root(place), default: 0] > 1 {
            let number = numbers[root(place)] ?? numbers.count + 1
            numbers[root(place)] = number
            groups[entry.source] = number
        }
        return groups
    }
}

extension Visit {
    /// Which images of a dataset look like another one, and how many of them are known yet: each
    /// request looks at more of them, for a bounded time.
    func lookalikes(in index: DatasetIndex) async throws -> (groups: [String: Int], known: Int) {
        let owner = LookalikeOwner(index: index.id, person: visitor.name)
        if let groups = gallery.groups.value(owner) {
            return (groups, index.entries.count)
        }
        let deadline = ContinuousClock.now + .milliseconds(ConsoleLimits.lookalikeMilliseconds)
        var hashes: [(source: String, hash: UInt64)] = []
        var known = 0
        for entry in index.entries {
            let isLate = ContinuousClock.now > deadline
            do {
                if let hash = try await hash(of: entry.source, isLate: isLate) {
                    hashes.append((entry.source, hash))
                    known += 1
                }
            } catch {
                // What is missing or no picture looks like nothing.
                known += 1
            }
        }
        let groups = try await context.pools.images.runIfActive { [hashes] in
            PictureHashes.groups(hashes)
        }
        if known == index.entries.count { gallery.groups.keep(groups, owner) }
        return (groups, known)
    }

    private func hash(of source: String, isLate: Bool) async throws -> UInt64? {
        let name = "\(visitor.name) \(source)"
        if let known = gallery.hashes.hash(name) { return known }
        if isLate { return nil }
        let (operations, limits) = (operations, context.limits.image)
        let version = try await operations.version(of: source)
        let picture = try await thumbnails.picture(version, limits: limits) {
            try await operations.object(source, bytesMax: limits.bytesMax)
        }
        let hash = try await context.pools.images.runIfActive {
            PictureHashes.hash(of: try ImageDecoder.decode(picture, name: source, limits: limits))
        }
        gallery.hashes.keep(hash, name)
        return hash
    }
}
