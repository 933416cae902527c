/// Convolutions, poolings and changes of resolution: `[N, C, …]` with spatial dimensions.
extension SizeInference {
    mutating func grids() throws(VisionError) -> [GraphValue] {
        let first = try input(0)
        guard first.shape.count >= 2 || isResize else { throw refusal("takes \(first.shape)") }
        switch rule {
        case .globalPool:
            let ones = first.shape.dropFirst(2).map { _ in 1 }
            return [try GraphValue(Array(first.shape.prefix(2)) + ones, first.type)]
        case .convolution: return [try convolution(first)]
        case .transposedConvolution: return [try transposedConvolution(first)]
        case .pool:
            let kernel = attributes.ints("kernel_shape") ?? []
            let sides = try windows(first, kernel)
            let one = try GraphValue(Array(first.shape.prefix(2)) + sides, first.type)
            work = one.count * Self.product(kernel)
            return [one, try GraphValue(one.shape, 7)]
        case .resize: return [try resized(first)]
        case .gridSample:
            let grid = try input(1).shape
            guard grid.count == 4 else { throw refusal("takes the grid \(grid)") }
            let one = try GraphValue(Array(first.shape.prefix(2)) + grid[1...2], first.type)
            work = 32 * one.count
            return [one]
        default:
            let block = attributes.int("blocksize", 0)
            guard first.shape.count == 4, (1...4096).contains(block) else {
                throw refusal("has the block size \(block)")
            }
            let (n, c, h, w) = (first.shape[0], first.shape[1], first.shape[2], first.shape[3])
            let shape =
                isDepthToSpace
                ? [n, c / (block * block), h * block, w * block]
                : [n, c * block * block, h / block, w / block]
            return [try GraphValue(shape, first.type)]
        }
    }

    private var isResize: Bool { if case .resize = rule { true } else { false } }
    private var isDepthToSpace: Bool { if case .depthToSpace = rule { true } else { false } }

    private static func product(_ numbers: [Int]) -> Double {
        numbers.reduce(1.0) { $0 * Double(max(1, $1)) }
    }

    private mutating func convolution(_ first: GraphValue) throws(VisionError) -> GraphValue {
        let weights = try input(1).shape
        guard weights.count == first.shape.count else {
            throw refusal("takes \(first.shape) and weights of \(weights)")
        }
        let kernel = attributes.ints("kernel_shape") ?? Array(weights.dropFirst(2))
        let sides = try windows(first, kernel)
        let output = try GraphValue([first.shape[0], weights[0]] + sides, first.type)
        work = output.count * Double(weights[1]) * Self.product(kernel)
        return output
    }

    private mutating func transposedConvolution(_ first: GraphValue) throws(VisionError)
        -> GraphValue
    {
        let weights = try input(1).shape
        let rank = first.shape.count - 2
        let kernel = attributes.ints("kernel_shape") ?? Array(weights.dropFirst(2))
        let strides = attributes.ints("strides") ?? [Int](repeating: 1, count: rank)
        let dilations = attributes.ints("dilations") ?? [Int](repeating: 1, count: rank)
        let more = attributes.ints("output_padding") ?? [Int](repeating: 0, count: rank)
        let pads = attributes.ints("pads") ?? [Int](repeating: 0, count: 2 * rank)
        let stated = attributes.ints("output_shape")
        let isPlain = ["", "NOTSET"].contains(attributes.text("auto_pad") ?? "")
        let group = attributes.int("group", 1)
        let lists = [kernel, strides, dilations, more]
        guard weights.count == rank + 2, lists.allSatisfy({ $0.count == rank }),
            pads.count == 2 * rank, (lists + [pads]).joined().allSatisfy(Self.isSmall),
            (1...65_536).contains(group), stated.map({ $0.count >= rank }) ?? true
        else { throw refusal("has kernels, strides or pads that cannot be") }
        var sides: [Int] = []
        for index in 0..<rank {
            let side = first.shape[index + 2]
            let full =
                strides[index] * (side - 1) + more[index] + (kernel[index] - 1) * dilations[index]
                + 1
            if let stated {
                sides.append(stated[stated.count - rank + index])
            } else {
                sides.append(
                    isPlain ? full - pads[index] - pads[index + rank] : side * strides[index])
            }
        }
        let output = try GraphValue([first.shape[0], weights[1] * group] + sides, first.type)
        work = first.count * Double(weights[1]) * Self.product(kernel)
        return output
    }

    private static func isSmall(_ number: Int) -> Bool { (0...65_536).contains(number) }

    /// The spatial sides after a kernel was moved over them.
    private func windows(_ first: GraphValue, _ kernel: [Int]) throws(VisionError) -> [Int] {
        let rank = first.shape.count - 2
        let strides = attributes.ints("strides") ?? [Int](repeating: 1, count: rank)
        let dilations = attributes.ints("dilations") ?? [Int](repeating: 1, count: rank)
        let pads = attributes.ints("pads") ?? [Int](repeating: 0, count: 2 * rank)
        guard [kernel, strides, dilations].allSatisfy({ $0.count == rank }),
            pads.count == 2 * rank, (kernel + strides + dilations).allSatisfy({ $0 > 0 }),
            (kernel + strides + dilations + pads).allSatisfy(Self.isSmall)
        else { throw refusal("has kernels, strides or pads that cannot be") }
        let mode = attributes.text("auto_pad") ?? ""
        return (0..<rank).map { index in
            let side = first.shape[index + 2]
            if mode.hasPrefix("SAME") { return (side + strides[index] - 1) / strides[index] }
            let padded = mode == "VALID" ? side : side + pads[index] + pads[index + rank]
            let room = padded - dilations[index] * (kernel[index] - 1) - 1
            let rounding = attributes.int("ceil_mode", 0) != 0 ? strides[index] - 1 : 0
            return room < 0 ? 0 : (room + rounding) / strides[index] + 1
        }
    }

    private mutating func resized(_ first: GraphValue) throws(VisionError) -> GraphValue {
        var shape: [Int] = []
        if let sizes = optional(3) {
            guard let numbers = sizes.integers else { throw unknown() }
            shape = numbers
        } else if let scales = optional(2) {
            guard let numbers = scales.numbers, numbers.count == first.shape.count,
                numbers.allSatisfy({ $0.isFinite && $0 > 0 && $0 < 65_536 })
            else { throw unknown() }
            shape = zip(first.shape, numbers).map { Int((Double($0) * $1).rounded(.down)) }
        }
        guard shape.count == first.shape.count else { throw unknown() }
        let output = try GraphValue(shape, first.type)
        work = output.count * (attributes.text("mode") == "cubic" ? 32 : 8)
        return output
    }
}
