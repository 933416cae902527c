import FoundationEssentials
import TestSupport
import Testing

@testable import Vision

@Suite struct SampleBitsTests {
    private static let side = 64

    @Test(
        arguments: [
            (0, 8), (255, 8), (256, 9), (1023, 10), (4095, 12), (4096, 13), (16_383, 14),
            (65_535, 16),
        ] as [(UInt16, Int)])
    func theBitsOfTheHighestSampleAreUsed(highest: UInt16, bits: Int) throws {
        let png = RawPNG.grey16(side: Self.side) { x, y in x == 9 && y == 7 ? highest : 0 }
        let found = try #require(try SampleBits.highest(of: png, name: "x"))
        #expect(found == highest && SampleBits.used(by: found) == bits)
    }

    @Test func twelveBitSamplesKeepTheirGreyLevels() throws {
        let png = RawPNG.grey16(side: Self.side) { x, y in UInt16(y * 64 + x) }
        let whole = try ImageDecoder.decode(png, name: "x")
        let scaled = try ImageDecoder.decode(png, name: "x", sampleBits: 12)
        #expect(Set(whole.pixels).count == 16)
        #expect(Set(scaled.pixels).count == 256)
        #expect(scaled[63, 63] == .white && scaled[0, 0] == RGB(0, 0, 0))
    }

    @Test func aSampleAboveTheUsedBitsIsWhite() throws {
        let png = RawPNG.grey16(side: Self.side) { x, _ in x < 32 ? 5000 : 4080 }
        let image = try ImageDecoder.decode(png, name: "x", sampleBits: 12)
        #expect(image[0, 0] == .white && image[63, 0] == .white)
        #expect(try ImageDecoder.decode(png, name: "x", sampleBits: 16)[0, 0] == RGB(19, 19, 19))
    }

    /// Colour types 2, 4 and 6: alpha, which is high here, is not a sample.
    @Test(
        arguments: [
            (2, [1, 0, 2, 0, 3, 0]), (4, [3, 0, 255, 255]), (6, [1, 0, 2, 0, 3, 0, 255, 255]),
        ] as [(UInt8, [UInt8])])
    func everyKindOfSixteenBitPictureIsScaled(colorType: UInt8, pixel: [UInt8]) throws {
        let row = [[UInt8]](repeating: pixel, count: Self.side).flatMap { $0 }
        let png = RawPNG.bytes(
            side: Self.side, colorType: colorType, bitDepth: 16,
            rows: Array(repeating: row, count: Self.side))
        #expect(try SampleBits.highest(of: png, name: "x") == 768)
        let image = try ImageDecoder.decode(png, name: "x", sampleBits: 10)
        #expect(image[5, 5] == (colorType == 4 ? RGB(192, 192, 192) : RGB(64, 128, 192)))
    }

    @Test(arguments: [8, 12, 16])
    func damagedPixelsAreRefusedWhateverTheBits(bits: Int) throws {
        var png = RawPNG.grey16(side: Self.side) { x, y in UInt16(y * 64 + x) }
        // Within the pixels, whose chunk then has another checksum.
        png[png.count / 2] ^= 1
        #expect(throws: VisionError.self) {
            try ImageDecoder.decode(png, name: "x", sampleBits: bits)
        }
        #expect(throws: VisionError.self) { try SampleBits.highest(of: png, name: "x") }
    }

    @Test func picturesOfEightBitsAreWhatTheyWere() throws {
        let image = RGBImage(width: 64, height: 64, color: RGB(9, 99, 199))
        let png = try PNG.encode(image)
        #expect(try SampleBits.highest(of: png, name: "x") == nil)
        #expect(try ImageDecoder.decode(png, name: "x", sampleBits: 12) == image)
        let jpeg = try JPEG.encode(image, quality: 90)
        let whole = try ImageDecoder.decode(jpeg, name: "x")
        #expect(try ImageDecoder.decode(jpeg, name: "x", sampleBits: 12) == whole)
    }

    @Test func aManifestWithImpossibleBitsIsRefused() throws {
        var manifest = try SmallModel.manifest(
            arn: "a", project: "p", version: 1, model: SmallModel.bytes("x"))
        #expect(manifest.sampleBits == nil)
        manifest.sampleBits = 12
        #expect(try ModelManifest(decoding: manifest.encoded()).sampleBits == 12)
        manifest.sampleBits = 70
        let bytes = try manifest.encoded()
        let error = #expect(throws: VisionError.self) { try ModelManifest(decoding: bytes) }
        #expect(error?.code == .invalidModel)
    }

    /// A detector whose score is the mean of the pixels sees what its manifest says.
    @Test func theModelsManifestDecidesHowItsImagesAreScaled() throws {
        let model = SmallModel.bytes("x")
        var manifest = try SmallModel.manifest(arn: "a", project: "p", version: 1, model: model)
        let png = RawPNG.grey16(side: Self.side) { _, _ in 2048 }
        var scores: [Double] = []
        for bits in [nil, 12] {
            manifest.sampleBits = bits
            let detector = try Detector(
                runtime: Checkout.runtime.get(), manifest: manifest, model: model, threads: 1)
            scores.append(
                try detector.detect(try detector.picture(in: png, name: "x")).score)
        }
        #expect(scores == [8, 128])
    }
}
