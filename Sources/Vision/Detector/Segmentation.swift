package import FoundationEssentials

/// A label for each pixel of an image.
package struct Segmentation: Sendable, Equatable {
    /// Pixels of a row; the width of the image that was judged.
    package let width: Int
    /// Rows; the height of the image that was judged.
    package let height: Int
    /// Indices into `classes`, rows from the top.
    package let indices: [UInt8]
    /// Background first, then the labels.
    package let classes: [LabelClass]

    /// Share of the pixels of each class, in the order of `classes`; the sum is 1.
    package var areas: [Double] {
        var counts = [Int](repeating: 0, count: classes.count)
        for index in indices { counts[Int(index)] += 1 }
        return counts.map { Double($0) / Double(max(1, indices.count)) }
    }

    /// Interleaved red, green and blue bytes in the colours of the classes.
    package func rgb() -> [UInt8] {
        let colors = classes.map { RGB(hex: $0.color) ?? .white }
        return [UInt8](unsafeUninitializedCapacity: indices.count * 3) { bytes, count in
            for (pixel, index) in indices.enumerated() {
                let color = colors[Int(index)]
                bytes[pixel * 3] = color.red
                bytes[pixel * 3 + 1] = color.green
                bytes[pixel * 3 + 2] = color.blue
            }
            count = indices.count * 3
        }
    }

    /// A palette PNG in the colours of the classes.
    package func png() throws(VisionError) -> Data {
        try PNG.encode(
            indices: indices, width: width, height: height,
            palette: classes.map { RGB(hex: $0.color) ?? .white })
    }
}
