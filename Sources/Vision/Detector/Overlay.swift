/// Pictures of what a detector saw.
package enum Overlay {
    private static let borderPixels = 6
    private static let green = RGB(46, 160, 67)
    private static let red = RGB(218, 54, 51)

    /// The image and, to its right, the image under the anomaly map: clear where the map lies well
    /// below the threshold, from yellow at the threshold to red at one and a half times it. The
    /// frame is green for a normal verdict and red for an anomalous one.
    package static func picture(
        of image: RGBImage, _ detection: Detection, threshold: Double
    ) -> RGBImage {
        let map = detection.map.resized(width: image.width, height: image.height)
        let frame = detection.isAnomalous ? red : green
        let border = borderPixels
        var out = RGBImage(
            width: 2 * image.width + 3 * border, height: image.height + 2 * border, color: frame)
        for y in 0..<image.height {
            for x in 0..<image.width {
                let color = image[x, y]
                out[x + border, y + border] = color
                let heat = Double(map.values[y * image.width + x]) / max(threshold, 1e-9)
                out[x + image.width + 2 * border, y + border] = blend(color, heat: heat)
            }
        }
        return out
    }

    private static func blend(_ color: RGB, heat: Double) -> RGB {
        let strength = min(max((heat - 0.7) / 0.5, 0), 1) * 0.65
        let redness = min(max((heat - 1) / 0.5, 0), 1)
        func mix(_ below: UInt8, _ above: Double) -> UInt8 {
            UInt8(min(max(Double(below) * (1 - strength) + above * strength, 0), 255))
        }
        return RGB(
            mix(color.red, 255), mix(color.green, 220 * (1 - redness)), mix(color.blue, 0))
    }

    /// Pictures of one size in a grid, each made smaller to `width` pixels.
    package static func sheet(_ pictures: [RGBImage], columns: Int, width: Int) -> RGBImage? {
        guard let first = pictures.first else { return nil }
        let height = max(1, first.height * width / first.width)
        let rows = (pictures.count + columns - 1) / columns
        let gap = borderPixels
        var out = RGBImage(
            width: columns * (width + gap) + gap, height: rows * (height + gap) + gap, color: .white
        )
        for (index, picture) in pictures.enumerated() {
            let small = Resize.resize(picture, width: width, height: height)
            let left = gap + index % columns * (width + gap)
            let top = gap + index / columns * (height + gap)
            for y in 0..<height {
                for x in 0..<width { out[left + x, top + y] = small[x, y] }
            }
        }
        return out
    }
}
