/// Operators that only move values.
extension SizeInference {
    mutating func reshaped() throws(VisionError) -> [GraphValue] {
        let first = try input(0)
        let shape = first.shape
        switch rule {
        case .reshape: return [try GraphValue(try target(first), first.type)]
        case .flatten:
            let given = attributes.int("axis", 1)
            let cut = given == shape.count ? given : try axis(given, max(1, shape.count))
            let front = shape.prefix(cut).reduce(1.0) { $0 * Double($1) }
            let back = shape.dropFirst(cut).reduce(1.0) { $0 * Double($1) }
            guard max(front, back) < 1e15 else { throw unknown() }
            return [try GraphValue([Int(front), Int(back)], first.type)]
        case .squeeze:
            let axes = optional(1) == nil ? attributes.ints("axes") : try integers(1)
            let gone = try axes.map { axes throws(VisionError) in
                try positions(axes, shape.count)
            }
            var left: [Int] = []
            for (index, side) in shape.enumerated() {
                let isGone = gone?.contains(index) ?? (side == 1)
                if !isGone { left.append(side) }
            }
            return [try GraphValue(left, first.type)]
        case .unsqueeze:
            let axes = optional(1) == nil ? attributes.ints("axes") ?? [] : try integers(1)
            guard axes.count <= 8 else { throw refusal("adds \(axes.count) dimensions") }
            let rank = shape.count + axes.count
            let new = try positions(axes, rank)
            var old = shape[...]
            let all = (0..<rank).map { new.contains($0) ? 1 : old.popFirst() ?? 1 }
            return [try GraphValue(all, first.type)]
        case .transpose:
            let order = attributes.ints("perm") ?? shape.indices.reversed()
            guard order.sorted() == Array(shape.indices) else {
                throw refusal("has the order \(order.prefix(16)) for \(shape)")
            }
            return [try GraphValue(order.map { shape[$0] }, first.type)]
        case .tile:
            let repeats = try integers(1)
            guard repeats.count == shape.count, repeats.allSatisfy({ (0...(1 << 31)).contains($0) })
            else { throw unknown() }
            var sides: [Int] = []
            for (side, count) in zip(shape, repeats) {
                let (product, isTooLarge) = side.multipliedReportingOverflow(by: count)
                guard !isTooLarge else { throw unknown() }
                sides.append(product)
            }
            return [try GraphValue(sides, first.type)]
        default:
            return [try GraphValue(Self.spread(shape, try integers(1)), first.type)]
        }
    }

    /// What Reshape makes of its input: 0 keeps a dimension, -1 takes what is left.
    private func target(_ first: GraphValue) throws(VisionError) -> [Int] {
        var shape = try integers(1)
        if attributes.int("allowzero", 0) == 0 {
            for index in shape.indices where shape[index] == 0 && index < first.shape.count {
                shape[index] = first.shape[index]
            }
        }
        let known = shape.filter { $0 != -1 }.reduce(1.0) { $0 * Double($1) }
        if let open = shape.firstIndex(of: -1) {
            guard known > 0, first.count / known < 1e15 else { throw unknown() }
            shape[open] = Int(first.count / known)
        }
        guard shape.reduce(1.0, { $0 * Double($1) }) == first.count else {
            throw refusal("makes \(shape.prefix(16)) of \(first.shape)")
        }
        return shape
    }

    mutating func pieces() throws(VisionError) -> [GraphValue] {
        let first = try input(0)
        var shape = first.shape
        switch rule {
        case .concat:
            let axis = try axis(attributes.int("axis", 0), shape.count)
            for index in inputs.indices.dropFirst() {
                let other = try input(index).shape
                guard other.count == shape.count else {
                    throw refusal("joins \(shape) and \(other)")
                }
                for side in shape.indices where side != axis {
                    shape[side] = max(shape[side], other[side])
                }
                shape[axis] += other[axis]
            }
            return [try GraphValue(shape, first.type)]
        case .split: return try split(first)
        case .slice:
            for (axis, part) in try slices(first) { shape[axis] = part.count }
            return [try GraphValue(shape, first.type)]
        case .pad:
            let pads = optional(1) == nil ? attributes.ints("pads") ?? [] : try integers(1)
            guard pads.count == 2 * shape.count else {
                throw refusal("has \(pads.count) pads for \(shape)")
            }
            for side in shape.indices { shape[side] += pads[side] + pads[side + shape.count] }
            return [try GraphValue(shape, first.type)]
        case .gatherElements: return [try GraphValue(try input(1).shape, first.type)]
        case .gatherND:
            let indices = try input(1).shape
            let (batch, depth) = (attributes.int("batch_dims", 0), indices.last ?? 0)
            guard batch >= 0, batch + depth <= shape.count, batch < indices.count else {
                throw refusal("takes \(indices) of \(shape)")
            }
            let rest = shape.dropFirst(batch + depth)
            return [try GraphValue(indices.dropLast() + rest, first.type)]
        default:
            let axis = try axis(attributes.int("axis", 0), shape.count)
            let indices = try input(1).shape
            return [
                try GraphValue(
                    shape[..<axis] + indices + shape[(axis + 1)...], first.type)
            ]
        }
    }

    private func split(_ first: GraphValue) throws(VisionError) -> [GraphValue] {
        let axis = try axis(attributes.int("axis", 0), first.shape.count)
        let count = node.output.count
        let side = first.shape[axis]
        let sizes =
            optional(1) != nil
            ? try integers(1)
            : attributes.ints("split") ?? [Int](repeating: side / max(1, count), count: count)
        guard sizes.count == count, sizes.allSatisfy({ (0...side).contains($0) }) else {
            throw refusal("splits \(side) into \(sizes.prefix(16))")
        }
        var parts: [GraphValue] = []
        for size in sizes {
            var shape = first.shape
            shape[axis] = size
            parts.append(try GraphValue(shape, first.type))
        }
        return parts
    }

    /// The indices that Slice takes, by axis.
    func slices(_ first: GraphValue) throws(VisionError) -> [(axis: Int, part: StridedRange)] {
        let (starts, ends) = (try integers(1), try integers(2))
        let axes = optional(3) == nil ? Array(starts.indices) : try integers(3)
        let steps = optional(4) == nil ? starts.map { _ in 1 } : try integers(4)
        guard starts.count == ends.count, starts.count == axes.count, axes.count == steps.count,
            !steps.contains(0)
        else { throw refusal("has starts, ends and steps that do not belong together") }
        var found: [(Int, StridedRange)] = []
        for index in starts.indices {
            let axis = try axis(axes[index], first.shape.count)
            found.append(
                (
                    axis,
                    StridedRange(
                        start: starts[index], end: ends[index], step: steps[index],
                        side: first.shape[axis])
                ))
        }
        return found
    }

    mutating func made() throws(VisionError) -> [GraphValue] {
        switch rule {
        case .constant: return [try constant()]
        case .shape:
            isConstant = true
            return [try GraphValue([shapePart.count], 7)]
        case .size:
            isConstant = true
            return [try GraphValue([], 7)]
        case .constantOfShape:
            let type = attributes.attribute("value").map { Int($0.t.dataType) } ?? 1
            return [try GraphValue(try integers(0), type)]
        case .range:
            guard let start = try input(0).numbers?.first, let end = try input(1).numbers?.first,
                let step = try input(2).numbers?.first
            else { throw unknown() }
            let count = ((end - start) / step).rounded(.up)
            guard count.isFinite, count < 1e15 else { throw unknown() }
            return [try GraphValue([Int(max(0, count))], try input(0).type)]
        default:
            guard let depth = try integers(1).first else { throw unknown() }
            var shape = try input(0).shape
            let axis = try axis(attributes.int("axis", -1), shape.count + 1)
            shape.insert(depth, at: axis)
            return [try GraphValue(shape, try input(2).type)]
        }
    }

    /// The part of the first input's shape that Shape gives.
    var shapePart: [Int] {
        let shape = optional(0)?.shape ?? []
        func place(_ name: String, _ missing: Int) -> Int {
            let given = attributes.int(name, missing)
            return min(max(given < 0 ? given + shape.count : given, 0), shape.count)
        }
        let (start, end) = (place("start", 0), place("end", shape.count))
        return start < end ? Array(shape[start..<end]) : []
    }

    private func constant() throws(VisionError) -> GraphValue {
        if let tensor = attributes.attribute("value"), tensor.hasT {
            return try GraphValue(tensor.t)
        }
        if let value = attributes.attribute("value_float") {
            return try GraphValue([], 1, [Double(value.f)])
        }
        if let value = attributes.attribute("value_floats") {
            return try GraphValue([value.floats.count], 1, value.floats.map(Double.init))
        }
        if let value = attributes.attribute("value_int") {
            return try GraphValue([], 7, [Double(value.i)])
        }
        if let value = attributes.attribute("value_ints") {
            return try GraphValue([value.ints.count], 7, value.ints.map(Double.init))
        }
        throw refusal("holds neither numbers nor a tensor")
    }
}

/// Every `step`-th index from `start` up to `end`, as Slice reads them.
struct StridedRange {
    let start: Int
    let step: Int
    let count: Int

    init(start: Int, end: Int, step: Int, side: Int) {
        func place(_ given: Int) -> Int { given < 0 ? given + side : given }
        self.step = step
        if step > 0 {
            let from = min(max(place(start), 0), side)
            let to = min(max(place(end), 0), side)
            self.start = from
            count = to > from ? (to - from - 1) / step + 1 : 0
        } else {
            let from = min(max(place(start), -1), side - 1)
            let to = min(max(place(end), -1), side - 1)
            self.start = from
            count = from > to ? (from - to - 1) / -step + 1 : 0
        }
    }
}
