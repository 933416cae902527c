import FoundationEssentials

/// How a camera was held: the EXIF orientation, 1...8.
struct Orientation: Equatable {
    let value: Int

    /// Reads the tag of a TIFF block; 1 (upright) when there is none or it is damaged, since a
    /// picture without a readable orientation is shown as it is stored.
    init(exif: Data?) {
        value = exif.flatMap { Self.tag(in: $0) } ?? 1
    }

    init(value: Int) { self.value = value }

    /// Tag 0x0112 of the first directory of a TIFF block.
    private static func tag(in tiff: Data) -> Int? {
        let bytes = [UInt8](tiff)
        let isLittle = bytes.starts(with: [0x49, 0x49])
        guard isLittle || bytes.starts(with: [0x4D, 0x4D]) else { return nil }
        func number(_ offset: Int, _ count: Int) -> Int? {
            guard offset >= 0, offset + count <= bytes.count else { return nil }
            let part = bytes[offset..<(offset + count)]
            return (isLittle ? Array(part.reversed()) : Array(part)).reduce(0) { $0 << 8 | Int($1) }
        }
        guard let directory = number(4, 4), let entries = number(directory, 2) else { return nil }
        for entry in 0..<min(entries, 512) {
            let offset = directory + 2 + entry * 12
            guard let id = number(offset, 2) else { return nil }
            if id == 0x0112, let value = number(offset + 8, 2), (1...8).contains(value) {
                return value
            }
        }
        return nil
    }

    /// The size of a stored picture as it was seen.
    func apply(to size: PixelSize) -> PixelSize {
        value >= 5 ? PixelSize(width: size.height, height: size.width) : size
    }

    /// The image as it was seen.
    func apply(to image: RGBImage) -> RGBImage {
        guard value > 1 else { return image }
        let (width, height) = (image.width, image.height)
        let isTransposed = value >= 5
        let outWidth = isTransposed ? height : width
        let outHeight = isTransposed ? width : height
        var out = RGBImage(
            width: outWidth, height: outHeight,
            pixels: [UInt8](repeating: 0, count: image.pixels.count))
        for y in 0..<outHeight {
            for x in 0..<outWidth {
                let (sourceX, sourceY) =
                    switch value {
                    case 2: (width - 1 - x, y)
                    case 3: (width - 1 - x, height - 1 - y)
                    case 4: (x, height - 1 - y)
                    case 5: (y, x)
                    case 6: (y, height - 1 - x)
                    case 7: (width - 1 - y, height - 1 - x)
                    default: (width - 1 - y, x)
                    }
                out[x, y] = image[sourceX, sourceY]
            }
        }
        return out
    }
}
