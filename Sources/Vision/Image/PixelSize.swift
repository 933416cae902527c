/// Size of an image, of a graph's input, or of a model's training images; in JSON `width` and
/// `height`.
package struct PixelSize: Sendable, Hashable, Codable {
    /// Pixels of a row.
    package var width: Int
    /// Rows.
    package var height: Int

    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// Pixels in all.
    package var area: Int { width * height }
}
