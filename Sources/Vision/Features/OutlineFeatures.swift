import Base
package import FoundationEssentials

/// What a network sees in a part of a picture, in few numbers a cell, for outlines that begin with
/// a click: cells that look alike to it have similar numbers.
///
/// The numbers are the principal components of what the network sees of this part, so they tell
/// its places apart and mean nothing for another one.
package struct OutlineFeatures: Sendable, Equatable {
    /// Cells of a row.
    package let width: Int
    /// Rows of cells.
    package let height: Int
    /// Numbers of a cell.
    package let channels: Int
    /// One grid after the other, the one that varies most first; rows from the top.
    package let values: [Int8]

    /// The longer side of what the network looks at. Larger than what people click in, so that a
    /// defect takes many cells.
    static let longSidePixels = 480
    /// Fewer find less: docs/console.md has what was compared.
    static let channelsMax = 24

    /// Three 16-bit numbers, the lowest byte first: `width`, `height`, `channels`; then `values`.
    package var bytes: Data {
        var out = Data(capacity: 6 + values.count)
        for number in [width, height, channels] {
            out.append(UInt8(truncatingIfNeeded: number))
            out.append(UInt8(truncatingIfNeeded: number >> 8))
        }
        out.append(contentsOf: values.map { UInt8(bitPattern: $0) })
        return out
    }

    /// - Parameter grids: `[1, C, h, w]` each, which count alike; the first decides the cells.
    init(_ grids: [Tensor]) {
        (width, height) = (grids[0].shape[3], grids[0].shape[2])
        var planes: [[Float]] = []
        for grid in grids {
            let (rows, columns) = (grid.shape[2], grid.shape[3])
            let weight = 1 / Float(grid.shape[1]).squareRoot()
            for channel in 0..<grid.shape[1] {
                let area = rows * columns
                let map = FloatMap(
                    width: columns, height: rows,
                    values: Array(grid.values[(channel * area)..<((channel + 1) * area)]))
                planes.append(
                    Self.standard(map.resized(width: width, height: height).values, weight))
            }
        }
        let components = PrincipalPlanes(planes, count: min(Self.channelsMax, planes.count))
        channels = components.planes.count
        // What varies most differs by at most some times its deviation.
        let deviation = components.deviations.first ?? 0
        let scale = deviation > 0 ? 127 / (5 * deviation) : 0
        values = components.planes.flatMap { plane in
            plane.map { Int8(clamping: Int(($0 * scale).rounded())) }
        }
    }

    /// With the mean 0 and `weight` as the deviation; all 0 where nothing varies.
    private static func standard(_ plane: [Float], _ weight: Float) -> [Float] {
        let mean = plane.reduce(0, +) / Float(plane.count)
        let square = plane.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(plane.count)
        let factor = weight / (square.squareRoot() + 1e-3)
        return plane.map { ($0 - mean) * factor }
    }
}

/// Computes `OutlineFeatures`, and keeps the networks that were used last.
package final class OutlineNetworks: Sendable {
    private struct Key: Equatable, Sendable {
        let backbone: String
        let size: PixelSize
    }

    /// A stage of one window has one size, and windows have few shapes.
    private let sessions = RecentValues<Key, InferenceSession>(countMax: 3)

    package init() {}

    /// - Parameter part: of the picture that people look at, at any size.
    /// - Throws: `invalidModel` for a backbone that cannot be run.
    package func features(
        of part: RGBImage, _ extractor: any FeatureExtractor, runtime: OnnxRuntime, threads: Int
    ) throws(VisionError) -> OutlineFeatures {
        let view = Self.view(of: PixelSize(width: part.width, height: part.height), extractor)
        let key = Key(backbone: extractor.identifier, size: view.input)
        let session: InferenceSession
        if let known = sessions.value(key) {
            session = known
        } else {
            session = try InferenceSession(
                runtime: runtime, model: try DetectorGraph.outline(view), threads: threads)
            sessions.keep(session, key)
        }
        let picture = Resize.resize(part, width: view.input.width, height: view.input.height)
        let outputs = (view.detail == nil ? [] : ["detail"]) + ["features"]
        let grids = try session.run(
            [
                (
                    DetectorGraph.imageInput,
                    .bytes(
                        shape: [1, picture.height, picture.width, 3], values: picture.pixels)
                )
            ], outputs: outputs)
        guard grids.allSatisfy({ $0.shape.count == 4 && $0.values.allSatisfy(\.isFinite) }) else {
            throw VisionError(
                .invalidModel,
                "The backbone \(extractor.identifier) gave features that are no numbers.")
        }
        return OutlineFeatures(grids)
    }

    /// The finest grid of the network, in the part's aspect.
    private static func view(of part: PixelSize, _ extractor: any FeatureExtractor) -> FeatureView {
        let tap = extractor.taps[0]
        if let fixed = extractor.fixedInput {
            return FeatureView(extractor: extractor, tap: tap, input: fixed)
        }
        let multiple = extractor.sideMultiple
        let scale = Double(OutlineFeatures.longSidePixels) / Double(max(part.width, part.height))
        func side(_ pixels: Int) -> Int {
            max(1, Int((Double(pixels) * scale / Double(multiple)).rounded())) * multiple
        }
        return FeatureView(
            extractor: extractor, tap: tap,
            input: PixelSize(width: side(part.width), height: side(part.height)))
    }
}
