import FoundationEssentials
import TestSupport
import Testing

@testable import Vision

@Suite struct LabelMaskTests {
    @Test func aColourThatNobodyNamedFailsWithItsPlace() throws {
        var indices = [UInt8](repeating: 0, count: 64 * 64)
        indices[65] = 1
        let png = try PNG.encode(
            indices: indices, width: 64, height: 64, palette: [.white, RGB(1, 2, 3)])
        func mask(_ classes: [MaskClass], width: Int = 64) throws -> LabelMask {
            try LabelMask(
                png: png, classes: classes, labels: [LabelClass(name: "dent", color: "#010203")],
                imageWidth: width, imageHeight: 64, name: "s3://b/m.png")
        }
        let unnamed = #expect(throws: VisionError.self) {
            try mask([.init(name: "dent", color: RGB(9, 9, 9))])
        }
        for word in ["s3://b/m.png", "#010203", "x 1", "y 1"] {
            #expect(unnamed?.message.contains(word) == true)
        }
        let named = try mask([.init(name: "dent", color: RGB(1, 2, 3))])
        #expect(named.indices == indices)
        let size = #expect(throws: VisionError.self) { try mask([], width: 65) }
        #expect(size?.code == .invalidMask)
    }

    /// A header of another size than the image's is enough to refuse a mask: 67 MB of pixels were
    /// decoded before their size was compared.
    @Test func aMaskOfAnotherSizeIsRefusedByItsHeader() throws {
        let indices = [UInt8](repeating: 0, count: 128 * 128)
        let whole = try PNG.encode(indices: indices, width: 128, height: 128, palette: [.white])
        // Its pixels are destroyed, so that decoding it would fail otherwise.
        var damaged = whole
        let place = try #require(whole.firstRange(of: Data("IDAT".utf8))).upperBound
        damaged[place + 3] ^= 0xFF
        func error(_ png: Data, side: Int) -> VisionError? {
            #expect(throws: VisionError.self) {
                try LabelMask(
                    png: png, classes: [], labels: [], imageWidth: side, imageHeight: side,
                    name: "s3://b/m.png")
            }
        }
        #expect(error(damaged, side: 64)?.code == .invalidMask)
        #expect(error(damaged, side: 64)?.message.contains("128×128") == true)
        #expect(error(damaged, side: 128)?.code == .invalidImage)
    }

    private static let side = 64
    private static let red = RGB(200, 10, 20)

    /// The marks of a mask with a square of `mark` on `ground`, both red, green, blue and alpha.
    private func square(
        _ mark: [UInt8], on ground: [UInt8],
        classes: [MaskClass] = [
            MaskClass(name: "dent", color: red)
        ]
    ) throws -> Int {
        let png = RawPNG.rgba(side: Self.side) { x, y in x < 8 && y < 8 ? mark : ground }
        let mask = try LabelMask(
            png: png, classes: classes, labels: MaskClass.labels(of: classes),
            imageWidth: Self.side, imageHeight: Self.side, name: "s3://b/m.png")
        return mask.indices.count { $0 == 1 }
    }

    @Test(arguments: [255, 128, 127, 64, 1] as [UInt8])
    func marksOfHalfOpacityAndLessAreMarks(alpha: UInt8) throws {
        #expect(try square([200, 10, 20, alpha], on: [0, 0, 0, 0]) == 64)
        #expect(try square([200, 10, 20, alpha], on: [255, 255, 255, 255]) == 64)
    }

    @Test(arguments: [200, 100, 30] as [UInt8])
    func aColourThatWasMultipliedByItsOpacityIsKnown(alpha: UInt8) throws {
        func rounded(_ value: UInt8) -> UInt8 {
            let stored = (Int(value) * Int(alpha) + 127) / 255
            return UInt8(min(255, (stored * 255 + Int(alpha) / 2) / Int(alpha)))
        }
        let mark = [rounded(200), rounded(10), rounded(20), alpha]
        #expect(try square(mark, on: [0, 0, 0, 0]) == 64)
    }

    @Test func aTranslucentColourThatNobodyNamedIsRefused() {
        for mark: [UInt8] in [[20, 200, 20, 100], [0, 0, 0, 100], [20, 200, 20, 40]] {
            let error = #expect(throws: VisionError.self) { try square(mark, on: [0, 0, 0, 0]) }
            #expect(error?.message.contains("x 0, y 0") == true)
        }
    }

    @Test func blackIsBackgroundWhereNothingElseIs() throws {
        let black: [UInt8] = [0, 0, 0, 255]
        #expect(try square(black, on: black) == 0)
        #expect(try square([200, 10, 20, 255], on: black) == 64)
        let white = MaskClass(name: "hole", color: .white)
        #expect(try square([255, 255, 255, 255], on: black, classes: [white]) == 64)
        let named = [
            MaskClass(name: "BACKGROUND", color: .white), MaskClass(name: "dent", color: Self.red),
        ]
        #expect(try square(black, on: black, classes: named) == 0)
        let dark = MaskClass(name: "dark", color: RGB(0, 0, 0))
        #expect(try square(black, on: [255, 255, 255, 255], classes: [dark]) == 64)
    }

    @Test func blackMarksThatNobodyNamedAreRefused() {
        for ground: [UInt8] in [[255, 255, 255, 255], [0, 0, 0, 0], [255, 255, 255, 9]] {
            let error = #expect(throws: VisionError.self) {
                try square([0, 0, 0, 255], on: ground)
            }
            #expect(error?.message.contains("#000000 at x 0, y 0") == true)
        }
    }

    @Test func aClassThatIsNotAmongTheLabelsIsAMarkOfItsOwn() throws {
        let png = RawPNG.rgba(side: Self.side) { x, _ in
            x < 8 ? [200, 10, 20, 255] : [255, 255, 255, 255]
        }
        let mask = try LabelMask(
            png: png, classes: [MaskClass(name: "dent", color: Self.red)],
            labels: [LabelClass(name: "hole", color: "#010203")], imageWidth: Self.side,
            imageHeight: Self.side, name: "m")
        #expect(mask.marks == [2] && !mask.isEmpty)
    }
}
