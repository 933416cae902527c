/// The sizes of one node's outputs, and what computing them costs.
struct SizeInference {
    let node: ONNXNode
    let rule: OperatorRule
    let inputs: [GraphValue?]
    let attributes: NodeAttributes
    /// Multiplications, additions and the like.
    var work = 0.0
    /// Whether the output is known from shapes alone.
    var isConstant = false

    init(_ node: ONNXNode, _ rule: OperatorRule, _ inputs: [GraphValue?]) {
        self.node = node
        self.rule = rule
        self.inputs = inputs
        attributes = NodeAttributes(node)
    }

    /// - Throws: `invalidModel` with a message that lacks its subject.
    mutating func outputs() throws(VisionError) -> [GraphValue] {
        var found = try sized()
        let size = (inputs.compactMap { $0?.count } + found.map(\.count)).max() ?? 0
        work = max(work, size)
        let numbers = SmallNumbers.compute(self, found.map(\.shape))
        for (index, known) in numbers.enumerated() where index < found.count {
            found[index].numbers = known
        }
        return found
    }

    private mutating func sized() throws(VisionError) -> [GraphValue] {
        switch rule {
        case .same(let factor):
            let first = try input(0)
            work = factor * first.count
            let one = try GraphValue(first.shape, first.type)
            return node.output.map { _ in one }
        case .spread(let isTruth):
            var shape: [Int] = []
            for index in inputs.indices { shape = try Self.spread(shape, try input(index).shape) }
            return [try GraphValue(shape, isTruth ? 9 : try input(0).type)]
        case .cast:
            let type = inputs.count > 1 ? try input(1).type : attributes.int("to", 1)
            return [try GraphValue(try input(0).shape, type)]
        case .whereElse:
            let both = try Self.spread(try input(1).shape, try input(2).shape)
            return [try GraphValue(Self.spread(both, try input(0).shape), try input(1).type)]
        case .quantize: return [try GraphValue(try input(0).shape, 2)]
        case .dequantize: return [try GraphValue(try input(0).shape, 1)]
        case .convolution, .transposedConvolution, .pool, .globalPool, .resize, .gridSample,
            .depthToSpace, .spaceToDepth:
            return try grids()
        case .product, .generalProduct, .einsum: return try products()
        case .reduction, .argument, .topK: return try reductions()
        case .reshape, .flatten, .squeeze, .unsqueeze, .transpose, .expand, .tile:
            return try reshaped()
        case .concat, .split, .slice, .pad, .gather, .gatherElements, .gatherND:
            return try pieces()
        case .constant, .constantOfShape, .shape, .size, .range, .oneHot: return try made()
        }
    }

    // MARK: What all rules need

    func input(_ index: Int) throws(VisionError) -> GraphValue {
        guard index < inputs.count, let value = inputs[index] else {
            throw refusal("lacks its input \(index + 1)")
        }
        return value
    }

    /// An input that may be left out.
    func optional(_ index: Int) -> GraphValue? { index < inputs.count ? inputs[index] : nil }

    /// The numbers of an input, which an output's size depends on.
    func integers(_ index: Int) throws(VisionError) -> [Int] {
        guard let numbers = try input(index).integers else { throw unknown() }
        return numbers
    }

    func unknown() -> VisionError {
        refusal("has an output whose size cannot be known before it runs")
    }

    func refusal(_ reason: String) -> VisionError {
        GraphRules.invalid("uses the operator \(node.opType.prefix(60)), which \(reason)")
    }

    /// - Returns: `axis` counted from the front.
    func axis(_ axis: Int, _ rank: Int) throws(VisionError) -> Int {
        guard (-rank..<rank).contains(axis) else {
            throw refusal("has the axis \(axis) of \(rank)")
        }
        return axis < 0 ? axis + rank : axis
    }

    /// The shape that two shapes are spread to, from their last dimensions on.
    static func spread(_ left: [Int], _ right: [Int]) throws(VisionError) -> [Int] {
        let rank = max(left.count, right.count)
        var shape: [Int] = []
        for index in 0..<rank {
            let (l, r) = (index - rank + left.count, index - rank + right.count)
            let (a, b) = (l < 0 ? 1 : left[l], r < 0 ? 1 : right[r])
            guard a == b || a == 1 || b == 1 else {
                throw GraphRules.invalid("joins tensors of \(left) and \(right)")
            }
            shape.append(a == 1 ? b : a)
        }
        return shape
    }
}

/// Sums and products over dimensions.
extension SizeInference {
    mutating func products() throws(VisionError) -> [GraphValue] {
        let left = try input(0)
        switch rule {
        case .einsum: return [try einsum()]
        case .generalProduct:
            let right = try input(1)
            guard left.shape.count == 2, right.shape.count == 2 else {
                throw refusal("multiplies \(left.shape) by \(right.shape)")
            }
            let isLeftTurned = attributes.int("transA", 0) != 0
            let rows = left.shape[isLeftTurned ? 1 : 0]
            let inner = left.shape[isLeftTurned ? 0 : 1]
            let columns = right.shape[attributes.int("transB", 0) != 0 ? 0 : 1]
            work = Double(rows) * Double(inner) * Double(columns)
            return [try GraphValue([rows, columns], left.type)]
        default:
            let right = try input(1)
            guard let inner = left.shape.last, !right.shape.isEmpty else {
                throw refusal("multiplies a single number")
            }
            let (a, b) = (left.shape, right.shape)
            guard (b.count == 1 ? b[0] : b[b.count - 2]) == inner else {
                throw refusal("multiplies \(a) by \(b)")
            }
            var shape = try Self.spread(Array(a.dropLast(2)), Array(b.dropLast(2)))
            if a.count > 1 { shape.append(a[a.count - 2]) }
            if b.count > 1 { shape.append(b[b.count - 1]) }
            let product = try GraphValue(shape, left.type)
            work = product.count * Double(inner)
            return [product]
        }
    }

    private mutating func einsum() throws(VisionError) -> GraphValue {
        let text = (attributes.text("equation") ?? "").filter { $0 != " " }
        let sides = text.split(separator: ">", omittingEmptySubsequences: false)
        let terms = (sides.first ?? "").filter { $0 != "-" }.split(
            separator: ",", omittingEmptySubsequences: false)
        guard sides.count == 2, terms.count == inputs.count, !text.contains(".") else {
            throw refusal("must name its output and all dimensions, not '\(text.prefix(60))'")
        }
        var sizes: [Character: Int] = [:]
        for (index, term) in terms.enumerated() {
            let shape = try input(index).shape
            guard shape.count == term.count else {
                throw refusal("has '\(term.prefix(60))' for \(shape)")
            }
            for (letter, side) in zip(term, shape) { sizes[letter] = max(sizes[letter] ?? 1, side) }
        }
        work = sizes.values.reduce(1.0) { $0 * Double($1) }
        return try GraphValue(sides[1].map { sizes[$0] ?? 1 }, try input(0).type)
    }

    mutating func reductions() throws(VisionError) -> [GraphValue] {
        let first = try input(0)
        var shape = first.shape
        switch rule {
        case .topK:
            let axis = try axis(attributes.int("axis", -1), shape.count)
            guard let count = try integers(1).first, (0...shape[axis]).contains(count) else {
                throw refusal("takes more than there is")
            }
            shape[axis] = count
            work = 32 * first.count
            return [try GraphValue(shape, first.type), try GraphValue(shape, 7)]
        case .argument:
            let axis = try axis(attributes.int("axis", 0), shape.count)
            if attributes.int("keepdims", 1) != 0 {
                shape[axis] = 1
            } else {
                shape.remove(at: axis)
            }
            return [try GraphValue(shape, 7)]
        default:
            var axes = attributes.ints("axes") ?? []
            if optional(1) != nil { axes = try integers(1) }
            if axes.isEmpty {
                if attributes.int("noop_with_empty_axes", 0) != 0 { return [first] }
                axes = Array(shape.indices)
            }
            let gone = try positions(axes, shape.count)
            let keeps = attributes.int("keepdims", 1) != 0
            let left = shape.indices.compactMap {
                gone.contains($0) ? (keeps ? 1 : nil) : shape[$0]
            }
            work = 2 * first.count
            return [try GraphValue(left, first.type)]
        }
    }

    func positions(_ axes: [Int], _ rank: Int) throws(VisionError) -> Set<Int> {
        var found: Set<Int> = []
        for each in axes { found.insert(try axis(each, rank)) }
        return found
    }
}
