/// What a colour of a mask stands for: an entry of a manifest's colour map.
package struct MaskClass: Sendable, Equatable {
    /// As the manifest writes it.
    package let name: String
    package let color: RGB

    /// Name that the guide gives to the part of a mask without a defect, in upper or lower case.
    package static let backgroundName = "background"

    package init(name: String, color: RGB) {
        self.name = name
        self.color = color
    }

    /// Whether it stands for what has no defect.
    package var isBackground: Bool { name.lowercased() == Self.backgroundName }

    /// The labels that `classes` name, in their order, each once and without the background.
    package static func labels(of classes: some Sequence<MaskClass>) -> [LabelClass] {
        classes.filter { !$0.isBackground }.reduce(into: []) { labels, entry in
            guard !labels.contains(where: { $0.name == entry.name }) else { return }
            labels.append(LabelClass(name: entry.name, color: entry.color.hex))
        }
    }
}
