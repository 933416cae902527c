package import FoundationEssentials

/// How many bits the samples of 16-bit PNGs use. Cameras for machine vision write 10, 12 or 14 bits
/// into the lower ones; of their upper 8 bits little would be left.
package enum SampleBits {
    /// What a model may say. With 8, samples are bytes already; with 16 nothing is special.
    package static let range = 8...16

    /// The bits that a sample of this value needs.
    ///
    /// - Parameter highest: the highest sample of all images of a dataset.
    package static func used(by highest: UInt16) -> Int {
        max(range.lowerBound, UInt16.bitWidth - highest.leadingZeroBitCount)
    }

    /// What a model says of the images that it learned from.
    ///
    /// - Parameter highest: the highest sample of each image that has 16 bits a sample.
    /// - Returns: nil for all 16 bits, and without such images.
    package static func used(byAll highest: some Sequence<UInt16>) -> Int? {
        highest.max().map(used(by:)).flatMap { $0 < range.upperBound ? $0 : nil }
    }

    /// The highest sample of a PNG, alpha left out; nil for an image that has not 16 bits a sample.
    ///
    /// - Throws: `invalidImage` as `ImageDecoder.decode` does.
    package static func highest(
        of bytes: Data, name: String, limits: ImageLimits = .standard
    ) throws(VisionError) -> UInt16? {
        guard PNG.isPNG(bytes) else { return nil }
        let chunks = PNGChunks(bytes)
        guard try PNG.sampleBits(of: chunks, name, limits) == 16 else { return nil }
        return try PNG.decode16(chunks, name, limits).samples.max()
    }
}
