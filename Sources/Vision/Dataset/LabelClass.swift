/// A label that masks name, with the colour that stands for it.
package struct LabelClass: Sendable, Codable, Equatable {
    /// As the manifest's color map writes it; unique within a project.
    package let name: String
    /// `#RRGGBB`.
    package let color: String

    package init(name: String, color: String) {
        self.name = name
        self.color = color
    }
}
