import FoundationEssentials
import TestSupport
import Testing

@testable import Vision

/// What is refused by the header alone: the pixels behind it cost nothing.
@Suite struct ImageSizeTests {
    private func detector() throws -> Detector {
        let path = "\(Checkout.root)/Tests/VisionTests/Golden/package-2.zip"
        return try ModelPackage(path: path).detector(runtime: Checkout.runtime.get(), threads: 1)
    }

    private func refusal(_ bytes: Data) throws -> String {
        let detector = try detector()
        return try #require(
            #expect(throws: VisionError.self) { try detector.picture(in: bytes, name: "x") }
        ).message
    }

    @Test func anImageOfAnotherSizeThanTheModelsIsRefusedBeforeItsPixelsAreLookedAt() throws {
        let other = RGBImage(width: 96, height: 80, color: RGB(10, 20, 30))
        // Pixels that cannot be decoded: whoever looks at them says something else.
        var png = try PNG.encode(other)
        let data = try #require(png.firstRange(of: Data("IDAT".utf8)))
        png[data.upperBound + 4] ^= 0xFF
        #expect(try refusal(png).contains("96×80"))
        #expect(try refusal(png).contains("64×64"))
        let jpeg = try JPEG.encode(other, quality: 90)
        let whole = try refusal(jpeg)
        #expect(whole.contains("96×80") && whole.contains("64×64"))
        // Its end is lost, and some of its pixels.
        #expect(try refusal(jpeg.dropLast(40)) == whole)
    }

    @Test func anImageOfTheModelsSizeIsStillDecoded() throws {
        let own = RGBImage(width: 64, height: 64, color: RGB(10, 20, 30))
        #expect(try detector().picture(in: PNG.encode(own), name: "x") == own)
        var damaged = try PNG.encode(own)
        let data = try #require(damaged.firstRange(of: Data("IDAT".utf8)))
        damaged[data.upperBound + 4] ^= 0xFF
        #expect(try refusal(damaged).contains("damaged"))
    }

    @Test func theSizeOfAHeaderIsThatAfterItsOrientation() throws {
        // 6 of EXIF: the first row is the right side.
        let exif =
            Data("Exif\0\0MM\0*\0\0\0\u{8}\0\u{1}".utf8)
            + Data([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0])
        let length = exif.count + 2
        let marker = Data([0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 0xFF)])
        let plain = try JPEG.encode(
            RGBImage(width: 96, height: 80, color: RGB(10, 20, 30)), quality: 90)
        let turned = plain.prefix(2) + marker + exif + plain.dropFirst(2)
        let size = try ImageDecoder.size(of: Data(turned), name: "x")
        #expect(size == PixelSize(width: 80, height: 96))
        let image = try ImageDecoder.decode(Data(turned), name: "x")
        #expect(image.width == size.width && image.height == size.height)
    }
}
