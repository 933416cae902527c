/// Row vectors of equal length in one array.
package struct Rows: Sendable, Equatable {
    /// Elements of a vector, above 0.
    package let width: Int
    /// `count * width` values, one vector after the other.
    package var values: [Float]

    /// Number of vectors.
    package var count: Int { width == 0 ? 0 : values.count / width }

    /// - Precondition: the number of `values` is a multiple of `width`.
    package init(width: Int, values: [Float] = []) {
        precondition(width > 0 && values.count.isMultiple(of: width))
        self.width = width
        self.values = values
    }

    /// The vector at `row`, without a copy.
    package subscript(row: Int) -> ArraySlice<Float> {
        values[(row * width)..<((row + 1) * width)]
    }

    /// Each vector followed by the one of `other` with the same number.
    func joined(with other: Rows) -> Rows {
        var out = Rows(width: width + other.width)
        out.values.reserveCapacity(count * out.width)
        for row in 0..<count {
            out.append(self[row])
            out.append(other[row])
        }
        return out
    }

    /// The first `column` elements of each vector, and the others.
    func split(at column: Int) -> (Rows, Rows) {
        var (first, second) = (Rows(width: column), Rows(width: width - column))
        for row in 0..<count {
            first.append(self[row].prefix(column))
            second.append(self[row].dropFirst(column))
        }
        return (first, second)
    }

    /// The vectors with these numbers.
    func picked(_ numbers: [Int]) -> Rows {
        var out = Rows(width: width)
        out.values.reserveCapacity(numbers.count * width)
        for number in numbers { out.append(self[number]) }
        return out
    }

    mutating func append(_ row: ArraySlice<Float>) { values.append(contentsOf: row) }
}
