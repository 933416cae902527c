import Glibc

/// A fixed filter bank: no weights were learned anywhere.
///
/// Colours become luminance and two opponent colours. At three scales, each half as large as the
/// one before, oriented quadrature pairs of Gabor filters give the local amplitude in four
/// directions; amplitudes and colours are averaged over cells. 39 channels.
///
/// Source: amplitude of quadrature pairs as in Adelson and Bergen, "Spatiotemporal energy models
/// for the perception of motion", J. Opt. Soc. Am. A, 1985; opponent axes as in Ruderman, Cronin
/// and Chiao, "Statistics of cone responses to natural images", 1998, rounded.
package struct FilterBank: FeatureExtractor {
    /// What `spotter evaluate --backbone` and models call it.
    package static let name = "filter-bank"

    package let identifier = FilterBank.name
    /// One grid of 39 channels, with cells of 4, 8 or 16 pixels.
    package let taps: [FeatureTap]
    package let fixedInput: PixelSize? = nil
    /// A multiple of every size of cell that it can have.
    package let sideMultiple = 32
    package let normalisation = ColorNormalisation.none
    /// Built for the size of its cells; it has constants and no learned weights.
    package let graph: BackboneGraph

    private static let directions = 4
    private static let radius = 4
    private static let scales = 3
    private static let planes = 3
    private static let opponents: [[Float]] = [
        [1.0 / 3, 1.0 / 3, 1.0 / 3], [0.5, -0.5, 0], [0.25, 0.25, -0.5],
    ]

    private static let strides = [4, 8, 16]

    /// A bank with cells of 8 pixels, for use as a backbone.
    package init() { self.init(cell: 8) }

    /// A bank whose cells are `stride` pixels wide; nil for strides that it cannot give.
    init?(stride: Int) {
        guard Self.strides.contains(stride) else { return nil }
        self.init(cell: stride)
    }

    private init(cell: Int) {
        var builder = GraphBuilder(name: Self.name)
        let colours = builder.node(
            "Conv",
            [
                "image",
                builder.constant(
                    Tensor(shape: [3, 3, 1, 1], values: Self.opponents.flatMap { $0 }), "opponents"),
            ])
        let kernels = builder.constant(Self.kernels(), "kernels")
        var grids: [String] = [Self.pooled(&builder, colours, by: cell)]
        var image = colours
        for scale in 0..<Self.scales {
            let amplitude = Self.amplitude(&builder, image, kernels)
            grids.append(Self.resampled(&builder, amplitude, from: 2 << scale, to: cell))
            if scale + 1 < Self.scales { image = Self.pooled(&builder, image, by: 2) }
        }
        let output = builder.node("Concat", grids, [("axis", .int(1))], output: "amplitudes")
        let channels = Self.planes + Self.scales * Self.planes * Self.directions
        taps = [FeatureTap(name: output, channels: channels, stride: cell)]
        graph = BackboneGraph(graph: builder.finished, input: "image")
    }

    private static func pooled(_ builder: inout GraphBuilder, _ input: String, by size: Int)
        -> String
    {
        size == 1
            ? input
            : builder.node(
                "AveragePool", [input],
                [("kernel_shape", .ints([size, size])), ("strides", .ints([size, size]))])
    }

    /// A grid of one stride at another.
    private static func resampled(
        _ builder: inout GraphBuilder, _ grid: String, from stride: Int, to cell: Int
    ) -> String {
        guard stride > cell else { return pooled(&builder, grid, by: cell / stride) }
        let factor = Float(stride / cell)
        let scales = builder.constant(
            Tensor(shape: [4], values: [1, 1, factor, factor]), "grid_scales")
        return builder.node(
            "Resize", [grid, "", scales],
            [
                ("mode", .string("nearest")), ("nearest_mode", .string("floor")),
                ("coordinate_transformation_mode", .string("asymmetric")),
            ])
    }

    /// sqrt(even² + odd² + ε) of each plane and direction, at half the size.
    private static func amplitude(
        _ builder: inout GraphBuilder, _ image: String, _ kernels: String
    ) -> String {
        let pads = builder.constant(
            [0, 0, radius, radius, 0, 0, radius, radius], "filter_pads")
        let padded = builder.node("Pad", [image, pads], [("mode", .string("edge"))])
        let pairs = builder.node(
            "Conv", [padded, kernels],
            [("group", .int(planes)), ("strides", .ints([2, 2]))])
        let squares = builder.node("Mul", [pairs, pairs])
        // Even and odd answers stand side by side, so each pair is summed by a grouped convolution.
        let count = planes * directions
        let ones = builder.constant(
            Tensor(shape: [count, 2, 1, 1], values: [Float](repeating: 1, count: count * 2)),
            "pair_sum")
        let energy = builder.node("Conv", [squares, ones], [("group", .int(count))])
        let floor = builder.node("Add", [energy, builder.scalar(1e-6, "energy_floor")])
        return builder.node("Sqrt", [floor])
    }

    /// `[planes · directions · 2, 1, 9, 9]`: for each plane and direction the even and the odd
    /// filter, of wavelength 6 pixels and deviation 2, without response to flat colour.
    private static func kernels() -> Tensor {
        let side = 2 * radius + 1
        var one: [Float] = []
        for direction in 0..<directions {
            let angle = Double(direction) * .pi / Double(directions)
            for phase in [0.0, .pi / 2] {
                var values: [Double] = []
                var weights: [Double] = []
                for y in -radius...radius {
                    for x in -radius...radius {
                        let along = Double(x) * cos(angle) + Double(y) * sin(angle)
                        let weight = exp(-Double(x * x + y * y) / 8)
                        values.append(weight * cos(2 * .pi * along / 6 - phase))
                        weights.append(weight)
                    }
                }
                let share = values.reduce(0, +) / weights.reduce(0, +)
                let centred = zip(values, weights).map { $0 - share * $1 }
                let norm = centred.reduce(0) { $0 + abs($1) } / 2
                one += centred.map { Float($0 / norm) }
            }
        }
        return Tensor(
            shape: [planes * directions * 2, 1, side, side],
            values: (0..<planes).flatMap { _ in one })
    }
}
