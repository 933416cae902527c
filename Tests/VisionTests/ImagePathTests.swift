import FoundationEssentials
import TestSupport
import Testing

@testable import Vision

/// Every kind of file comes to the same 8 bits of red, green and blue: `docs/images.md`.
@Suite struct ImagePathTests {
    private static let side = 64

    private func png(
        colorType: UInt8, bitDepth: UInt8, row: [UInt8],
        before: [(String, [UInt8])] = [], after: [(String, [UInt8])] = []
    ) -> Data {
        RawPNG.bytes(
            side: Self.side, colorType: colorType, bitDepth: bitDepth,
            rows: Array(repeating: row, count: Self.side), before: before, after: after)
    }

    private func first(_ png: Data) throws -> RGB {
        try ImageDecoder.decode(png, name: "x")[0, 0]
    }

    private func row(_ pixel: [UInt8]) -> [UInt8] {
        [[UInt8]](repeating: pixel, count: Self.side).flatMap { $0 }
    }

    @Test func greyscaleOfEveryDepthIsSpreadOverTheWholeRange() throws {
        // The first pixel of each: all of the depth's bits set, then a middle value.
        for depth in [UInt8(1), 2, 4, 8] {
            let row = [UInt8](repeating: 0xFF, count: Self.side * Int(depth) / 8)
            #expect(try first(png(colorType: 0, bitDepth: depth, row: row)) == .white)
        }
        let four = [UInt8](repeating: 0x77, count: Self.side / 2)
        #expect(try first(png(colorType: 0, bitDepth: 4, row: four)) == RGB(0x77, 0x77, 0x77))
        let eight = [UInt8](repeating: 99, count: Self.side)
        #expect(try first(png(colorType: 0, bitDepth: 8, row: eight)) == RGB(99, 99, 99))
    }

    @Test func sixteenBitsKeepTheirUpperEight() throws {
        let grey = png(colorType: 0, bitDepth: 16, row: row([0x12, 0xFF]))
        #expect(try first(grey) == RGB(0x12, 0x12, 0x12))
        let color = png(colorType: 2, bitDepth: 16, row: row([0x12, 0xFF, 0x80, 0, 0xFF, 0xFF]))
        #expect(try first(color) == RGB(0x12, 0x80, 0xFF))
    }

    @Test func alphaIsDroppedWhateverItsKind() throws {
        let clear = png(colorType: 6, bitDepth: 8, row: row([10, 20, 30, 0]))
        #expect(try first(clear) == RGB(10, 20, 30))
        let half = png(colorType: 4, bitDepth: 8, row: row([77, 128]))
        #expect(try first(half) == RGB(77, 77, 77))
        let palette = png(
            colorType: 3, bitDepth: 8, row: row([1]),
            before: [("PLTE", [0, 0, 0, 40, 50, 60]), ("tRNS", [255, 0])])
        #expect(try first(palette) == RGB(40, 50, 60))
    }

    @Test func aGammaThatTheFileClaimsChangesNothing() throws {
        let png = png(
            colorType: 2, bitDepth: 8, row: row([100, 150, 200]),
            before: [("gAMA", [0, 1, 0x86, 0xA0])])
        #expect(try first(png) == RGB(100, 150, 200))
    }

    private func exif(_ value: UInt8) -> [UInt8] {
        [
            0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0, 0, 0, 0,
            0,
        ]
    }

    @Test(arguments: [true, false])
    func theOrientationOfAPNGIsRespectedBeforeAndBehindThePixels(isBefore: Bool) throws {
        // The left column is dark; where it ends up tells the orientation.
        let row = [UInt8](repeating: 0, count: 32) + [UInt8](repeating: 255, count: 32)
        for (value, dark) in [(1, (0, 63)), (2, (63, 0)), (3, (63, 0)), (6, (0, 0)), (8, (0, 63))] {
            let chunk = [("eXIf", exif(UInt8(value)))]
            let image = try ImageDecoder.decode(
                png(
                    colorType: 0, bitDepth: 8, row: row, before: isBefore ? chunk : [],
                    after: isBefore ? [] : chunk), name: "x")
            #expect(image[dark.0, dark.1] == RGB(0, 0, 0), "orientation \(value)")
            #expect(image[63 - dark.0, 63 - dark.1] == .white, "orientation \(value)")
        }
    }

    @Test func aDamagedOrientationIsNone() throws {
        let row = [UInt8](repeating: 0, count: 32) + [UInt8](repeating: 255, count: 32)
        for content in [[], exif(9), Array(exif(3).prefix(12)), Array("Exif".utf8)] {
            let image = try ImageDecoder.decode(
                png(colorType: 0, bitDepth: 8, row: row, after: [("eXIf", content)]), name: "x")
            #expect(image[0, 0] == RGB(0, 0, 0) && image[63, 0] == .white)
        }
    }

    @Test func aMaskStaysAsItIsStored() throws {
        let row = [UInt8](repeating: 0, count: 32) + [UInt8](repeating: 1, count: 32)
        let png = png(
            colorType: 3, bitDepth: 8, row: row,
            before: [("PLTE", [255, 255, 255, 1, 2, 3]), ("eXIf", exif(3))])
        let mask = try LabelMask(
            png: png, classes: [.init(name: "dent", color: RGB(1, 2, 3))],
            labels: [LabelClass(name: "dent", color: "#010203")], imageWidth: 64, imageHeight: 64,
            name: "m")
        #expect(mask.indices[0] == 0 && mask.indices[63] == 1)
    }

    @Test func aResizedMaskHasTheNearestLabels() {
        let mask = LabelMask(width: 4, height: 2, indices: [0, 0, 1, 2, 0, 0, 1, 2])
        #expect(mask.resized(width: 4, height: 2) == mask)
        #expect(mask.resized(width: 2, height: 1).indices == [0, 2])
        #expect(
            mask.resized(width: 8, height: 2).indices
                == [0, 0, 0, 0, 1, 1, 2, 2, 0, 0, 0, 0, 1, 1, 2, 2])
    }
}
