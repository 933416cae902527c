import FoundationEssentials
import TestSupport
import Testing

@testable import Vision

/// Files that cameras and programs write, whose oddities cost no pixels, beside those that do.
@Suite struct ImageOddityTests {
    private static let picture: RGBImage = {
        var image = RGBImage(width: 96, height: 64, color: RGB(200, 180, 160))
        for x in 0..<96 { for y in 0..<64 { image[x, y] = RGB(UInt8(x * 2), UInt8(y * 3), 40) } }
        return image
    }()

    private func jpeg() throws -> Data { try JPEG.encode(Self.picture, quality: 90) }

    private func decode(_ bytes: Data) throws -> RGBImage {
        try ImageDecoder.decode(bytes, name: "x")
    }

    private func exifSegment(_ value: UInt8) -> [UInt8] {
        let tiff: [UInt8] = [
            0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, value, 0, 0, 0, 0, 0, 0,
            0,
        ]
        let body = Array("Exif\0\0".utf8) + tiff
        return [0xFF, 0xE1, 0, UInt8(body.count + 2)] + body
    }

    @Test func strayBytesBeforeTheEndOfAJPEGAreNotDamage() throws {
        let whole = try jpeg()
        let odd = Data(whole.prefix(whole.count - 2)) + Data([0x00, 0x12, 0x34, 0x00, 0xFF, 0xD9])
        #expect(try decode(odd) == decode(whole))
    }

    @Test func aTrailerBehindAJPEGIsNotDamage() throws {
        let whole = try jpeg()
        #expect(try decode(whole + Data(repeating: 0xAB, count: 70_000)) == decode(whole))
        #expect(try decode(whole + whole) == decode(whole))
    }

    @Test func aJPEGThatLostItsEndMarkerAloneHasItsPixels() throws {
        let whole = try jpeg()
        #expect(try decode(Data(whole.prefix(whole.count - 2))) == decode(whole))
    }

    @Test func aJPEGThatLostPixelsIsRefusedWithAnEndMarkerToo() throws {
        let whole = try jpeg()
        for cut in [whole.count / 2, whole.count * 3 / 4, whole.count - 40] {
            for end in [[], [0xFF, 0xD9]] as [[UInt8]] {
                let error = #expect(throws: VisionError.self) {
                    try decode(Data(whole.prefix(cut) + end))
                }
                #expect(error?.message.contains("damaged or truncated JPEG") == true)
            }
        }
    }

    @Test func theOrientationIsFoundBehindFillBytesAndLargeSegments() throws {
        let plain = try jpeg()
        let comment: [UInt8] = [0xFF, 0xFE, 0xFF, 0xFF] + [UInt8](repeating: 7, count: 65_533)
        let large = [[UInt8]](repeating: comment, count: 6).flatMap { $0 }
        for before in [[0xFF, 0xFF, 0xFF], large, large + [0xFF]] as [[UInt8]] {
            let odd = Data([0xFF, 0xD8] + before + exifSegment(6)) + Data(plain.suffix(from: 2))
            let image = try decode(odd)
            #expect(image.width == 64 && image.height == 96)
        }
    }

    @Test func thousandsOfScansAreRefusedBeforeTheyCostTime() throws {
        let plain = try jpeg()
        let scan: [UInt8] = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0]
        let scans = [[UInt8]](repeating: scan, count: 3_000).flatMap { $0 }
        let error = #expect(throws: VisionError.self) {
            try decode(Data(plain.prefix(plain.count - 2)) + Data(scans + [0xFF, 0xD9]))
        }
        #expect(error?.message.contains("has 3001 scans; at most 50 are allowed") == true)
    }

    @Test func aCMYKPictureIsConverted() throws {
        let encoded = """
            /9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAIBgYHBgUIBwcHCQkICgwUDQwLCwwZEhMPFB0aHx4dGhwcICQuJyAi
            LCMcHCg3KSwwMTQ0NB8nOT04MjwuMzQy/8AAFAgAQABABEMRAE0RAFkRAEsRAP/EABYAAQEBAAAAAAAAAAAA
            AAAAAAAHA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAOBEMATQBZAEsAAD8Aq7dNlhAAAAAAAAAAAAAAAAAA
            AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAf/2Q==
            """
        let bytes = try #require(Data(base64Encoded: encoded.filter { !$0.isWhitespace }))
        let image = try decode(bytes)
        let pixel = image[5, 5]
        // Cyan 40, magenta 120, yellow 200 and black 30 of 255.
        for (value, expected) in [(pixel.red, 190), (pixel.green, 119), (pixel.blue, 49)] {
            #expect(abs(Int(value) - expected) <= 3)
        }
    }

    @Test func whatFollowsTheEndOfAPNGIsIgnored() throws {
        let whole = try PNG.encode(Self.picture)
        #expect(try decode(whole + Data(repeating: 1, count: 100_000)) == Self.picture)
    }

    @Test func aPNGMayHaveLargeTextChunks() throws {
        let whole = try PNG.encode(Self.picture)
        let content = Data(repeating: 0x41, count: 3 << 20)
        var length = UInt32(content.count).bigEndian
        // The checksum of an ancillary chunk does not count.
        let chunk =
            withUnsafeBytes(of: &length) { Data($0) } + Data("tEXt".utf8) + content + Data(count: 4)
        let header = 8 + 25
        #expect(
            try decode(whole.prefix(header) + chunk + whole.dropFirst(header)) == Self.picture)
    }

    @Test func aPNGWhoseEndIsOnlyMentionedIsRefused() throws {
        let whole = try PNG.encode(Self.picture)
        let error = #expect(throws: VisionError.self) {
            try decode(Data(whole.prefix(whole.count - 12)) + Data("IEND".utf8))
        }
        #expect(error?.message.contains("it has no end") == true)
    }

    @Test func anEmptyFileIsSaidToBeEmpty() {
        let error = #expect(throws: VisionError.self) { try decode(Data()) }
        #expect(error?.message.contains("is empty") == true)
    }
}
