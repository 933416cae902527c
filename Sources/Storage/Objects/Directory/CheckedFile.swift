import Base
import FoundationEssentials
import Synchronization

/// An open file whose bytes are compared with the checksums of its blocks before they are given
/// out. Its calls block.
final class CheckedFile: Sendable {
    let file: OpenFile
    /// In bytes.
    let size: Int
    /// What messages call it.
    private let name: String
    /// nil for a file that was put there by hand, or written before there were checksums.
    let blocks: BlockChecksums?
    /// Blocks that were found to be whole.
    private let whole = Mutex<Set<Int>>([])

    init(_ file: OpenFile, size: Int, blocks: BlockChecksums?, name: String) {
        self.file = file
        self.size = size
        self.blocks = blocks
        self.name = name
    }

    /// At most `count` bytes from `offset`; fewer only at the end.
    ///
    /// - Throws: `damaged` when a block that they are in is not as it was written.
    func bytes(at offset: Int, count: Int) throws(StorageError) -> Data {
        let range = offset..<min(offset + count, size)
        guard let blocks, !range.isEmpty else { return try read(range) }
        let wanted = blocks.blocks(of: range)
        let unseen = whole.withLock { whole in wanted.filter { !whole.contains($0) } }
        guard !unseen.isEmpty else { return try read(range) }
        let start = wanted.lowerBound * blocks.blockBytes
        let bytes = try read(start..<min(wanted.upperBound * blocks.blockBytes, size))
        for block in unseen {
            let first = block * blocks.blockBytes
            guard
                blocks.match(
                    bytes.dropFirst(first - start).prefix(blocks.blockBytes), block: block)
            else {
                let last = min(first + blocks.blockBytes, size) - 1
                throw StorageError(
                    .damaged,
                    "\(name) is damaged: bytes \(first) to \(last) are not as they were written. "
                        + "Put it again, or restore it from a backup.")
            }
            _ = whole.withLock { $0.insert(block) }
        }
        return Data(bytes.dropFirst(range.lowerBound - start).prefix(range.count))
    }

    private func read(_ range: Range<Int>) throws(StorageError) -> Data {
        try onDisk { try file.bytes(at: range.lowerBound, count: range.count) }
    }
}
