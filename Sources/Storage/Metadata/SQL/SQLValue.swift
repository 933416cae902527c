import FoundationEssentials

/// A value of a column or of a parameter, in the four types that both databases have; NULL is nil.
enum SQLValue: Sendable {
    case text(String)
    case integer(Int)
    case real(Double)
    case blob(Data)
}

/// A Swift value that can be the parameter of a statement. nil is NULL.
protocol SQLBindable: Sendable {
    var sqlValue: SQLValue { get }
}

extension String: SQLBindable {
    var sqlValue: SQLValue { .text(self) }
}

extension Int: SQLBindable {
    var sqlValue: SQLValue { .integer(self) }
}

extension Double: SQLBindable {
    var sqlValue: SQLValue { .real(self) }
}

extension Data: SQLBindable {
    var sqlValue: SQLValue { .blob(self) }
}

/// The parameters of one execution, in the order of their numbers.
typealias SQLArguments = [(any SQLBindable)?]

/// One row of an answer, valid until the next row is read. Columns are counted from 0, in the order
/// of the SELECT.
protocol SQLRow {
    /// A text; empty for NULL.
    func text(_ column: Int) -> String
    /// An integer; 0 for NULL.
    func integer(_ column: Int) -> Int
    /// A floating-point number; 0 for NULL.
    func real(_ column: Int) -> Double
    /// The bytes of a blob, or of a text in UTF-8; nil for NULL.
    func bytes(_ column: Int) -> Data?
}

extension SQLRow {
    /// A time that is kept as seconds since 1970.
    func date(_ column: Int) -> Date { Date(timeIntervalSince1970: real(column)) }
}
