package import FoundationEssentials
import NIOPosix
import Storage
package import Vision
import Wire

/// Masks that people draw: what one looks like, and what becomes of a new one.
extension Operations {
    /// A mask as people edit it: clean colours, and nothing else.
    package struct MaskPicture: Sendable {
        /// Labels in the order of the PNG's palette, whose first entry is the background.
        package let labels: [LabelClass]
        /// Of the image's own size.
        package let png: Data
    }

    /// The size of an image after its EXIF orientation, which its mask has too.
    ///
    /// - Throws: as `object`; `VisionError` for what is not an image.
    package func pictureSize(of source: String) async throws -> PixelSize {
        let limits = context.limits.image
        let bytes = try await object(source, bytesMax: limits.bytesMax)
        return try await context.pools.images.runIfActive {
            try ImageDecoder.size(of: bytes, name: source, limits: limits)
        }
    }

    /// What the network that the project's models are built on sees in a part of an image.
    ///
    /// - Parameter part: the numbers of its left, top, right and bottom edges in the image's
    ///   pixels; what lies outside the image is left out.
    /// - Throws: as `object`; `validation` for a part that is not in the image; `VisionError` for
    ///   what is not an image, and for a network that cannot be run; as `lines(of:in:_:)`.
    package func outlineFeatures(
        of source: String, in project: String, part: [Int]
    ) async throws -> OutlineFeatures {
        let limits = context.limits.image
        let bytes = try await object(source, bytesMax: limits.bytesMax)
        let settings = try await context.metadata.read {
            try Lookup.project(project, $0).settings ?? ProjectSettings()
        }
        let extractor = try await context.backbones.extractor(for: settings)
        let (runtime, networks) = (context.runtime, context.outlines)
        return try await context.pools.images.runIfActive {
            let whole = try ImageDecoder.decode(bytes, name: source, limits: limits)
            guard part.count == 4, let shown = whole.part(part[0], part[1], part[2], part[3])
            else {
                throw WireError.validation(
                    "The part \(part) is not one of an image of \(whole.width)×\(whole.height) "
                        + "pixels.")
            }
            return try networks.features(of: shown, extractor, runtime: runtime, threads: 1)
        }
    }

    /// The mask of an entry, however its colours were written.
    ///
    /// - Returns: nil for an entry without a mask.
    /// - Throws: as `object`; `VisionError` for a mask that does not fit its image or colour map.
    package func maskPicture(of line: ManifestLine) async throws -> MaskPicture? {
        guard let mask = line.mask else { return nil }
        let limits = context.limits.image
        let size = try await pictureSize(of: line.source)
        let png = try await object(mask.reference, bytesMax: limits.bytesMax)
        return try await context.pools.images.runIfActive {
            let labels = MaskClass.labels(of: mask.classes)
            let read = try LabelMask(
                png: png, classes: mask.classes, labels: labels, imageWidth: size.width,
                imageHeight: size.height, name: mask.reference, limits: limits)
            return MaskPicture(
                labels: labels,
                png: try Self.palettePNG(read, labels.compactMap { RGB(hex: $0.color) }))
        }
    }

    /// What the API takes for a drawn mask.
    package struct DrawnMask: Sendable {
        /// A palette PNG of the image's size; index 0 is the background, white.
        package let png: Data
        /// Of the palette: the background, then the labels that the mask shows. Only the background
        /// for a mask that marks nothing.
        package let classes: [MaskClass]
    }

    /// Checks a drawn mask as a dataset's masks are checked, and writes it as a palette PNG.
    ///
    /// - Parameters:
    ///   - png: in the colours of `labels` on white or clear.
    ///   - labels: at most as many as a mask may have; those that it does not show are left out.
    ///   - source: of its image.
    /// - Throws: `validation` for labels that are not; as `object` for the image; `VisionError` for
    ///   a mask that does not fit.
    package func drawnMask(_ png: Data, _ labels: [LabelClass], of source: String) async throws
        -> DrawnMask
    {
        let colors = try check(labels)
        let size = try await pictureSize(of: source)
        let limits = context.limits.image
        return try await context.pools.images.runIfActive {
            let all = zip(labels, colors).map { MaskClass(name: $0.name, color: $1) }
            let drawn = try LabelMask(
                png: png, classes: all, labels: labels, imageWidth: size.width,
                imageHeight: size.height, name: "drawn for \(source)", limits: limits)
            let shown = drawn.marks.sorted()
            var places = [UInt8](repeating: 0, count: 256)
            for (place, mark) in shown.enumerated() { places[Int(mark)] = UInt8(place + 1) }
            let classes = shown.map { all[Int($0) - 1] }
            let palette = [RGB.white] + classes.map(\.color)
            return DrawnMask(
                png: try PNG.encode(
                    indices: drawn.indices.map { places[Int($0)] }, width: size.width,
                    height: size.height, palette: palette),
                classes: [MaskClass(name: "BACKGROUND", color: .white)] + classes)
        }
    }

    private func check(_ labels: [LabelClass]) throws(WireError) -> [RGB] {
        let most = context.limits.maskLabelsMax
        guard (1...most).contains(labels.count) else {
            throw .validation("A mask has 1 to \(most) labels, not \(labels.count).")
        }
        var colors: [RGB] = []
        for label in labels {
            let name = MaskClass(name: label.name, color: .white)
            guard !label.name.isEmpty, label.name.utf8.count <= 256, !name.isBackground,
                !label.name.unicodeScalars.contains(where: {
                    $0.properties.generalCategory == .control
                })
            else {
                throw .validation(
                    "The label '\(label.name.prefix(60))' needs a name of 1 to 256 bytes other than "
                        + "background.")
            }
            guard let color = RGB(hex: label.color), color != .white, !colors.contains(color) else {
                throw .validation(
                    "The label '\(label.name.prefix(60))' needs a colour like #23A436 that no other "
                        + "has and that is not white, not '\(label.color.prefix(20))'.")
            }
            colors.append(color)
        }
        guard Set(labels.map(\.name)).count == labels.count else {
            throw .validation("Two labels have the same name.")
        }
        return colors
    }

    private static func palettePNG(_ mask: LabelMask, _ colors: [RGB]) throws(VisionError) -> Data {
        try PNG.encode(
            indices: mask.indices, width: mask.width, height: mask.height,
            palette: [.white] + colors)
    }
}
