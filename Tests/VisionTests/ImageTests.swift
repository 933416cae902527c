import FoundationEssentials
import TestSupport
import Testing

@testable import Vision

@Suite struct ImageTests {
    private func picture(_ width: Int = 96, _ height: Int = 64) -> RGBImage {
        var image = RGBImage(width: width, height: height, color: RGB(200, 180, 160))
        for x in 0..<width / 2 {
            for y in 0..<height / 2 { image[x, y] = RGB(UInt8(x), UInt8(y), 40) }
        }
        return image
    }

    @Test func aPNGComesBackAsItWas() throws {
        #expect(try ImageDecoder.decode(try PNG.encode(picture()), name: "x") == picture())
    }

    @Test func aJPEGComesBackNearlyAsItWas() throws {
        let flat = RGBImage(width: 64, height: 64, color: RGB(120, 130, 140))
        let decoded = try ImageDecoder.decode(try JPEG.encode(flat, quality: 95), name: "x")
        #expect(decoded.width == 64 && decoded.height == 64)
        #expect(zip(decoded.pixels, flat.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 2 })
    }

    @Test func aPaletteMaskKeepsItsIndices() throws {
        let indices = (0..<64 * 64).map { UInt8($0 % 3) }
        let palette = [RGB.white, RGB(255, 0, 0), RGB(0, 0, 255)]
        let png = try PNG.encode(indices: indices, width: 64, height: 64, palette: palette)
        let image = try ImageDecoder.decode(png, name: "mask")
        #expect(
            image[0, 0] == .white && image[1, 0] == RGB(255, 0, 0) && image[2, 0] == RGB(0, 0, 255))
    }

    @Test(arguments: [0.1, 0.5, 0.9])
    func aTruncatedFileIsRefusedByName(share: Double) throws {
        for bytes in [try PNG.encode(picture()), try JPEG.encode(picture(), quality: 90)] {
            let part = bytes.prefix(Int(Double(bytes.count) * share))
            let error = #expect(throws: VisionError.self) {
                try ImageDecoder.decode(Data(part), name: "s3://b/cut.img")
            }
            #expect(error?.code == .invalidImage)
            #expect(error?.message.contains("s3://b/cut.img") == true)
        }
    }

    /// A JPEG without its last bytes can still have all its pixels; a PNG has checksums to tell.
    @Test func aPNGWithoutItsEndIsRefused() throws {
        let bytes = try PNG.encode(picture())
        #expect(throws: VisionError.self) {
            try ImageDecoder.decode(bytes.dropLast(12), name: "x")
        }
    }

    @Test func aFlippedByteNeverCrashes() throws {
        for original in [try PNG.encode(picture()), try JPEG.encode(picture(), quality: 90)] {
            var random = SeededRandom(seed: 1)
            for _ in 0..<500 {
                var bytes = original
                bytes[Int.random(in: 3..<bytes.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
                _ = try? ImageDecoder.decode(bytes, name: "x")
            }
        }
    }

    @Test func aBombIsRefusedBeforeItIsUnpacked() throws {
        // A PNG header that promises 30,000 × 30,000 pixels.
        var png = try PNG.encode(picture())
        png.replaceSubrange(16..<24, with: [0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30])
        #expect(throws: VisionError.self) { try ImageDecoder.decode(png, name: "bomb") }
        // The same in a JPEG's frame header.
        var jpeg = [UInt8](try JPEG.encode(picture(), quality: 90))
        let frame = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
        jpeg.replaceSubrange((frame + 5)..<(frame + 9), with: [0x75, 0x30, 0x75, 0x30])
        let error = #expect(throws: VisionError.self) {
            try ImageDecoder.decode(Data(jpeg), name: "bomb")
        }
        #expect(error?.message.contains("30000×30000") == true)
        let large = Data(repeating: 0xFF, count: VisionLimits.imageBytesMax + 1)
        #expect(throws: VisionError.self) { try ImageDecoder.decode(large, name: "large") }
    }

    /// A JPEG with an EXIF block that holds one orientation tag.
    private func oriented(_ image: RGBImage, _ value: UInt8, isLittle: Bool) throws -> Data {
        let jpeg = try JPEG.encode(image, quality: 100)
        let tiff: [UInt8] =
            isLittle
            ? [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, value, 0, 0, 0]
            : [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0]
        let body = Array("Exif\0\0".utf8) + tiff + [0, 0, 0, 0]
        let segment: [UInt8] = [0xFF, 0xE1, 0, UInt8(body.count + 2)] + body
        return Data([0xFF, 0xD8]) + Data(segment) + jpeg.dropFirst(2)
    }

    @Test(arguments: [true, false])
    func theCamerasOrientationIsRespected(isLittle: Bool) throws {
        // Dark in the upper left corner alone; where it ends up tells the orientation.
        var image = RGBImage(width: 96, height: 64, color: .white)
        for x in 0..<48 { for y in 0..<32 { image[x, y] = RGB(0, 0, 0) } }
        let corners: [UInt8: (Int, Int)] = [
            1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1),
        ]
        for (value, (right, down)) in corners {
            let decoded = try ImageDecoder.decode(
                try oriented(image, value, isLittle: isLittle), name: "x")
            #expect((decoded.width > decoded.height) == (value < 5))
            for (x, y) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let color = decoded[
                    x * (decoded.width - 16) + 8, y * (decoded.height - 16) + 8]
                #expect((color.red < 128) == (x == right && y == down), "orientation \(value)")
            }
        }
    }

    @Test func resizingKeepsFlatColoursAndMeans() {
        let flat = RGBImage(width: 100, height: 70, color: RGB(17, 99, 201))
        let small = Resize.resize(flat, width: 64, height: 32)
        #expect(small == RGBImage(width: 64, height: 32, color: RGB(17, 99, 201)))
        let source = picture(200, 150)
        let half = Resize.resize(source, width: 100, height: 75)
        func mean(_ image: RGBImage) -> Double {
            Double(image.pixels.reduce(0) { $0 + Int($1) }) / Double(image.pixels.count)
        }
        #expect(abs(mean(half) - mean(source)) < 0.5)
        #expect(Resize.resize(source, width: 200, height: 150) == source)
    }

    @Test func mapsGrowWithoutOvershooting() {
        let map = FloatMap(width: 2, height: 1, values: [0, 1]).resized(width: 4, height: 2)
        #expect(map.values == [0, 0.25, 0.75, 1, 0, 0.25, 0.75, 1])
    }
}
