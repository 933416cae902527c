import FoundationEssentials
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
}
