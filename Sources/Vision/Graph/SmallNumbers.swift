/// The numbers of small tensors, as far as sizes are computed from them: exporters write a size as
/// Shape, Gather, arithmetic and Concat.
enum SmallNumbers {
    /// - Returns: for each output its numbers; nil where they are not known.
    static func compute(_ node: SizeInference, _ shapes: [[Int]]) -> [[Double]?] {
        guard let shape = shapes.first,
            shape.reduce(1.0, { $0 * Double($1) }) <= Double(GraphValue.numbersMax)
        else { return [] }
        switch node.rule {
        case .constant: return []
        case .shape: return [node.shapePart.map(Double.init)]
        case .size: return [[node.optional(0)?.count ?? 0]]
        case .constantOfShape:
            let value = node.attributes.attribute("value").map { attribute in
                (try? GraphValue(attribute.t))?.numbers?.first
            }
            guard let number = value ?? 0 else { return [] }
            let count = shape.reduce(1, *)
            return [[Double](repeating: number, count: count)]
        case .range:
            guard let start = node.inputs[0]?.numbers?.first,
                let step = node.inputs[2]?.numbers?.first
            else { return [] }
            return [(0..<shape[0]).map { start + Double($0) * step }]
        default: break
        }
        let inputs = node.inputs.compactMap { $0 }
        guard let first = inputs.first?.numbers else { return [] }
        switch node.rule {
        case .reshape, .flatten, .squeeze, .unsqueeze: return [first]
        case .same: return [unary(node.node.opType, first)]
        case .cast:
            let isWhole = (try? GraphValue([], node.attributes.int("to", 1)))?.isWhole ?? false
            return [isWhole ? first.map { $0.rounded(.towardZero) } : first]
        case .concat where shape.count == 1:
            return [joined(inputs)]
        case .gather where inputs[0].shape.count == 1:
            guard let indices = inputs[1].integers else { return [] }
            let places = indices.map { $0 < 0 ? $0 + first.count : $0 }
            guard places.allSatisfy(first.indices.contains) else { return [] }
            return [places.map { first[$0] }]
        case .slice:
            guard let slices = try? node.slices(inputs[0]) else { return [] }
            var parts = inputs[0].shape.map { StridedRange(start: 0, end: $0, step: 1, side: $0) }
            for (axis, part) in slices { parts[axis] = part }
            return [view(first, inputs[0].shape, parts.enumerated().map { ($0, $1) })]
        case .split where inputs[0].shape.count == 1:
            var rest = first[...]
            return shapes.map { shape in
                defer { rest = rest.dropFirst(shape[0]) }
                return Array(rest.prefix(shape[0]))
            }
        case .transpose:
            let sides = inputs[0].shape
            let order = node.attributes.ints("perm") ?? sides.indices.reversed()
            let parts = order.map { axis in
                (axis, StridedRange(start: 0, end: sides[axis], step: 1, side: sides[axis]))
            }
            return [view(first, sides, parts)]
        case .reduction where shape.reduce(1, *) == 1: return [reduced(node.node.opType, first)]
        case .spread, .whereElse, .expand: return [spread(node, inputs, shape)]
        default: return []
        }
    }

    /// What is seen of `numbers` of a shape when its axes are walked in the order of `parts`.
    private static func view(
        _ numbers: [Double], _ shape: [Int], _ parts: [(axis: Int, part: StridedRange)]
    ) -> [Double] {
        var places = [0]
        for (axis, part) in parts {
            let width = shape[(axis + 1)...].reduce(1, *)
            places = places.flatMap { place in
                (0..<part.count).map { place + (part.start + $0 * part.step) * width }
            }
        }
        return places.map { numbers[$0] }
    }

    private static func joined(_ inputs: [GraphValue]) -> [Double]? {
        var all: [Double] = []
        for input in inputs {
            guard let numbers = input.numbers else { return nil }
            all += numbers
        }
        return all
    }

    private static func unary(_ name: String, _ numbers: [Double]) -> [Double]? {
        switch name {
        case "Identity", "Dropout": numbers
        case "Floor": numbers.map { $0.rounded(.down) }
        case "Ceil": numbers.map { $0.rounded(.up) }
        case "Round": numbers.map { $0.rounded(.toNearestOrEven) }
        case "Neg": numbers.map { -$0 }
        case "Abs": numbers.map { abs($0) }
        case "Sqrt": numbers.map { $0.squareRoot() }
        case "Not": numbers.map { $0 == 0 ? 1 : 0 }
        default: nil
        }
    }

    private static func reduced(_ name: String, _ numbers: [Double]) -> [Double]? {
        switch name {
        case "ReduceProd": [numbers.reduce(1, *)]
        case "ReduceSum": [numbers.reduce(0, +)]
        case "ReduceMax": numbers.max().map { [$0] }
        case "ReduceMin": numbers.min().map { [$0] }
        default: nil
        }
    }

    /// Operators of two or three inputs that are spread over each other; only equal sizes and
    /// single numbers occur in sizes.
    private static func spread(_ node: SizeInference, _ inputs: [GraphValue], _ shape: [Int])
        -> [Double]?
    {
        let count = shape.reduce(1, *)
        var columns: [[Double]] = []
        let isExpand = if case .expand = node.rule { true } else { false }
        for input in isExpand ? Array(inputs.prefix(1)) : inputs {
            guard let numbers = input.numbers, numbers.count == count || numbers.count == 1 else {
                return nil
            }
            columns.append(
                numbers.count == count ? numbers : [Double](repeating: numbers[0], count: count))
        }
        let name = node.node.opType
        if isExpand { return columns[0] }
        if name == "Where" {
            return (0..<count).map { columns[0][$0] != 0 ? columns[1][$0] : columns[2][$0] }
        }
        let isWhole = inputs[0].isWhole
        var result = columns[0]
        for column in columns.dropFirst() {
            for index in result.indices {
                guard let number = binary(name, result[index], column[index], isWhole) else {
                    return nil
                }
                result[index] = number
            }
        }
        return result
    }

    private static func binary(_ name: String, _ a: Double, _ b: Double, _ isWhole: Bool)
        -> Double?
    {
        switch name {
        case "Add", "Sum": a + b
        case "Sub": a - b
        case "Mul": a * b
        case "Div": isWhole ? (b == 0 ? nil : (a / b).rounded(.towardZero)) : a / b
        case "Mod": b == 0 ? nil : a - b * (a / b).rounded(.down)
        case "Max": max(a, b)
        case "Min": min(a, b)
        case "Equal": a == b ? 1 : 0
        case "Less": a < b ? 1 : 0
        case "Greater": a > b ? 1 : 0
        case "LessOrEqual": a <= b ? 1 : 0
        case "GreaterOrEqual": a >= b ? 1 : 0
        case "And": a != 0 && b != 0 ? 1 : 0
        case "Or": a != 0 || b != 0 ? 1 : 0
        default: nil
        }
    }
}
