import Base
import FoundationEssentials

/// Checksums of the blocks of a file, by which a bit that flipped on the disk is found in whatever
/// part of the file is read.
struct BlockChecksums: Codable, Equatable, Sendable {
    /// The smallest block: a read of a few bytes of a large object reads so much, which takes less
    /// than a millisecond.
    static let leafBytes = 256 << 10
    /// 4 KiB of checksums, so that a list of 1,000 objects reads little.
    static let blocksMax = 1_024

    /// Bytes of each block but the last: `leafBytes` times a power of two.
    let blockBytes: Int
    /// Four bytes a block, the highest first. Of a block of one leaf its CRC-32C; of larger blocks
    /// the CRC-32C of the CRC-32Cs of their leaves.
    let values: Data

    /// The blocks that have bytes of a range.
    func blocks(of range: Range<Int>) -> Range<Int> {
        range.lowerBound / blockBytes..<(range.upperBound + blockBytes - 1) / blockBytes
    }

    /// Whether these are the bytes of a block as it was written.
    func match(_ bytes: Data, block: Int) -> Bool {
        var hash = BlockHash()
        hash.update(bytes)
        let value = hash.value(of: hash.allLeaves[...], isLeaf: blockBytes == Self.leafBytes)
        let kept = values.dropFirst(4 * block).prefix(4)
        return kept.elementsEqual(BlockHash.bytes(value))
    }
}

/// Computes block checksums of bytes that come in pieces.
struct BlockHash: Sendable {
    private var leaves: [UInt32] = []
    private var leaf = CRC(.crc32c)
    private var leafCount = 0

    mutating func update(_ bytes: Data) {
        var rest = bytes
        while !rest.isEmpty {
            let piece = rest.prefix(BlockChecksums.leafBytes - leafCount)
            leaf.update(piece)
            leafCount += piece.count
            rest = rest.dropFirst(piece.count)
            if leafCount == BlockChecksums.leafBytes {
                leaves.append(UInt32(leaf.value))
                (leaf, leafCount) = (CRC(.crc32c), 0)
            }
        }
    }

    /// With the one that is not full yet.
    fileprivate var allLeaves: [UInt32] {
        leafCount == 0 ? leaves : leaves + [UInt32(leaf.value)]
    }

    /// Of the bytes so far.
    var checksums: BlockChecksums {
        let leaves = allLeaves
        var perBlock = 1
        while (leaves.count + perBlock - 1) / perBlock > BlockChecksums.blocksMax { perBlock *= 2 }
        var values = Data()
        for start in stride(from: 0, to: leaves.count, by: perBlock) {
            let part = leaves[start..<min(start + perBlock, leaves.count)]
            values += Self.bytes(value(of: part, isLeaf: perBlock == 1))
        }
        return BlockChecksums(
            blockBytes: perBlock * BlockChecksums.leafBytes, values: values)
    }

    fileprivate func value(of leaves: ArraySlice<UInt32>, isLeaf: Bool) -> UInt32 {
        if isLeaf { return leaves.first ?? 0 }
        var crc = CRC(.crc32c)
        crc.update(Data(leaves.flatMap(Self.bytes)))
        return UInt32(crc.value)
    }

    fileprivate static func bytes(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
