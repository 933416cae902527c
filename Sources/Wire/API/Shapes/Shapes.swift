/// The shapes of the API.
package enum Shapes {
    /// All of them, by the names that the published API gives them.
    package static let table = ShapeTable(requests + responses + structures + scalars + errors)

    /// Shapes by name.
    package static var all: [String: Shape] { table.shapes }

    /// Members of the structure `name`; empty for a name that is not a structure's.
    package static func members(of name: String) -> [Shape.Member] { table.members(of: name) }
}
