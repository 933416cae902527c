import FoundationEssentials
import TestSupport
import Testing

@testable import Vision

/// `ImageDecoder.inspect` finds what `decode` refuses, without decoding.
@Suite struct ImageHeaderTests {
    private static let side = 64

    private func png() throws -> Data {
        try PNG.encode(RGBImage(width: 80, height: 64, color: RGB(1, 2, 3)))
    }

    @Test func sizeAndBitsAreRead() throws {
        #expect(
            try ImageDecoder.inspect(png(), name: "x")
                == ImageHeader(size: PixelSize(width: 80, height: 64), sampleBits: 8))
        let deep = RawPNG.grey16(side: Self.side) { _, _ in 7 }
        #expect(try ImageDecoder.inspect(deep, name: "x").sampleBits == 16)
        let jpeg = try JPEG.encode(RGBImage(width: 80, height: 64, color: .white), quality: 90)
        #expect(
            try ImageDecoder.inspect(jpeg, name: "x").size == PixelSize(width: 80, height: 64))
        // What lost its end marker alone is whole.
        #expect(
            try ImageDecoder.inspect(jpeg.dropLast(2), name: "x").size
                == PixelSize(width: 80, height: 64))
    }

    @Test func damageOfTheStructureIsFound() throws {
        let png = try png()
        let gradient = RGBImage(
            width: 128, height: 128, pixels: (0..<128 * 128 * 3).map { UInt8(($0 * 7) % 251) })
        let jpeg = try JPEG.encode(gradient, quality: 90)
        var flipped = png
        flipped[flipped.count / 2] ^= 1
        var header = png
        header[17] ^= 64
        let small = try PNG.encode(RGBImage(width: 40, height: 64, color: .white))
        for (bytes, words) in [
            (png.dropLast(12), "no end"), (png.prefix(40), "PNG"),
            (flipped, "checksum of its IDAT"),
            (header, "PNG"), (jpeg.prefix(jpeg.count / 2), "JPEG"), (small, "40×64"),
            (Data(), "empty"), (Data("GIF89a".utf8), "neither PNG nor JPEG"),
        ] {
            let error = #expect(throws: VisionError.self) {
                try ImageDecoder.inspect(Data(bytes), name: "s3://b/x")
            }
            #expect(error?.message.contains(words) == true, "\(words): \(error?.message ?? "")")
            #expect(error?.message.contains("s3://b/x") == true)
        }
    }
}
