import FoundationEssentials
import Vision
import Wire

/// What one labelling job outlined in the image.
struct MaskAttribute {
    let name: String
    let mask: ManifestLine.Mask

    static let type = "groundtruth/semantic-segmentation"
    static let mapName = "internal-color-map"
    /// The attribute that the guide of Lookout for Vision uses. It needs a description.
    static let usualName = "anomaly-mask-ref"

    /// The mask that counts.
    ///
    /// - Returns: nil for an image without a mask; jobs that failed for an image leave a
    ///   description without one.
    /// - Throws: `ManifestLineError` naming the entry of the colour map that is wrong, and for
    ///   several masks of which none is the newest.
    static func chosen(in members: [String: JSONValue]) throws(ManifestLineError) -> MaskAttribute?
    {
        let all = described(in: members).filter {
            !(members[$0.name]?.string ?? "").isEmpty
        }
        if all.isEmpty, let reference = members[usualName]?.string, !reference.isEmpty {
            throw ManifestLineError(
                "has the mask \(reference.prefix(120)) as \(usualName), but no "
                    + "\(usualName)\(LineAttribute.metadataSuffix) with its \(mapName)")
        }
        let newest = try LineAttribute.newest(
            all, kind: "mask", name: \.name, metadata: \.metadata)
        guard let newest, let reference = members[newest.name]?.string else { return nil }
        return MaskAttribute(
            name: newest.name,
            mask: ManifestLine.Mask(
                reference: reference, classes: try classes(newest.metadata, newest.name)))
    }

    /// Every attribute that a labelling job of masks left, also one without a mask.
    static func names(in members: [String: JSONValue]) -> [String] {
        described(in: members).map(\.name)
    }

    private static func described(in members: [String: JSONValue]) -> [(
        name: String, type: String?, metadata: [String: JSONValue]
    )] {
        // Without a type, only what can be nothing else.
        LineAttribute.named(in: members).filter {
            $0.type == type || $0.type == nil && $0.metadata[mapName] != nil
        }
    }

    private static func classes(_ metadata: [String: JSONValue], _ name: String)
        throws(ManifestLineError) -> [MaskClass]
    {
        let key = name + LineAttribute.metadataSuffix
        guard let map = metadata[mapName]?.object, !map.isEmpty else {
            throw ManifestLineError("has no \"internal-color-map\" in \(key)")
        }
        var classes: [(index: Int, value: MaskClass)] = []
        for (index, entry) in map {
            guard let number = Int(index), let className = entry.object?["class-name"]?.string,
                let color = entry.object?["hex-color"]?.string.flatMap(RGB.init(hex:))
            else {
                throw ManifestLineError(
                    "needs a number as key, a \"class-name\" and a \"hex-color\" like #23A436 at "
                        + "\(key).internal-color-map.\(index)")
            }
            classes.append((number, MaskClass(name: className, color: color)))
        }
        let sorted = classes.sorted { $0.index < $1.index }.map(\.value)
        for (place, entry) in sorted.enumerated() {
            if let other = sorted[..<place].first(where: {
                $0.color == entry.color && $0.name != entry.name
                    && !($0.isBackground && entry.isBackground)
            }) {
                throw ManifestLineError(
                    "gives \(other.name) and \(entry.name) the same colour \(entry.color.hex) in "
                        + "\(key).internal-color-map; each class needs a colour of its own")
            }
        }
        return sorted
    }
}
