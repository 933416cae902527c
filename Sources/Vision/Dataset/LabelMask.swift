package import FoundationEssentials

/// A mask decoded into labels.
package struct LabelMask: Sendable, Equatable {
    /// Pixels of a row; the width of the mask's image.
    package let width: Int
    /// Rows; the height of the mask's image.
    package let height: Int
    /// 0 for background, else 1 + the label's index; 1 + the number of labels for a class that is
    /// not among them. Rows from the top.
    package let indices: [UInt8]

    /// Reads a PNG in the colours of `classes`.
    ///
    /// Every pixel that is not fully clear counts by its colour; a translucent one has that of the
    /// class that a program may have rounded it from. Background is what is clear, the colour of
    /// an entry called background, and white unless an entry names it. Black is background too,
    /// unless an entry names it, in a mask that has no other background: programs write masks of
    /// zeros for what is not marked.
    ///
    /// - Parameter labels: those to tell apart, at most `VisionLimits.labelsMax`.
    /// - Throws: `invalidMask` naming the image and the colour that no entry names, or the size;
    ///   `invalidImage` for what is not a PNG.
    package init(
        png: Data, classes: [MaskClass], labels: [LabelClass],
        imageWidth: Int, imageHeight: Int, name: String, limits: ImageLimits = .standard
    ) throws(VisionError) {
        let size = try PNG.storedSize(png, name: name, limits: limits)
        guard size.width == imageWidth, size.height == imageHeight else {
            throw VisionError(
                .invalidMask,
                "The mask \(name) is \(size.width)×\(size.height) pixels, but its image is "
                    + "\(imageWidth)×\(imageHeight).")
        }
        let (width, height, pixels) = try PNG.decodeRGBA(png, name: name, limits: limits)
        var colors = MaskColors(classes: classes, labels: labels)
        var indices = [UInt8](repeating: 0, count: width * height)
        for position in 0..<width * height {
            let alpha = pixels[position * 4 + 3]
            let color = RGB(
                pixels[position * 4], pixels[position * 4 + 1], pixels[position * 4 + 2])
            guard let index = colors.index(of: color, alpha: alpha, at: position) else {
                throw Self.unnamed(color, position, width: width, name)
            }
            indices[position] = index
        }
        if let position = colors.contradiction {
            throw Self.unnamed(RGB(0, 0, 0), position, width: width, name)
        }
        self.width = width
        self.height = height
        self.indices = indices
    }

    private static func unnamed(_ color: RGB, _ position: Int, width: Int, _ name: String)
        -> VisionError
    {
        VisionError(
            .invalidMask,
            "The mask \(name) has the colour \(color.hex) at x \(position % width), "
                + "y \(position / width), which its internal-color-map does not name.")
    }

    /// - Parameter indices: `width * height` labels, as the member of this name.
    init(width: Int, height: Int, indices: [UInt8]) {
        precondition(indices.count == width * height)
        self.width = width
        self.height = height
        self.indices = indices
    }

    /// The mask of the image resized to this size: each pixel has the label of the nearest.
    package func resized(width: Int, height: Int) -> LabelMask {
        if width == self.width, height == self.height { return self }
        return LabelMask(
            width: width, height: height, indices: sampled(width: width, height: height))
    }

    /// Share of each cell of a grid that a label covers, 0...1.
    func coverage(of label: Int, gridWidth: Int, gridHeight: Int) -> [Float] {
        var counts = [Float](repeating: 0, count: gridWidth * gridHeight)
        var totals = counts
        for y in 0..<height {
            let row = y * gridHeight / height * gridWidth
            for x in 0..<width {
                let cell = row + x * gridWidth / width
                totals[cell] += 1
                if indices[y * width + x] == label + 1 { counts[cell] += 1 }
            }
        }
        return zip(counts, totals).map { $1 > 0 ? $0 / $1 : 0 }
    }

    /// The mask of the image made smaller: a pixel has the label of the nearest, or one that covers
    /// a quarter of what it stands for, so that thin and small marks stay.
    func reduced(width: Int, height: Int) -> LabelMask {
        var out = sampled(width: width, height: height)
        guard width * height < self.width * self.height else {
            return LabelMask(width: width, height: height, indices: out)
        }
        var counts = [Int32](repeating: 0, count: out.count)
        var totals = counts
        var labels = [UInt8](repeating: 0, count: out.count)
        for y in 0..<self.height {
            let row = y * height / self.height * width
            for x in 0..<self.width {
                let target = row + x * width / self.width
                totals[target] += 1
                let label = indices[y * self.width + x]
                if label != 0 {
                    counts[target] += 1
                    labels[target] = label
                }
            }
        }
        for target in out.indices where out[target] == 0 && 4 * counts[target] >= totals[target] {
            out[target] = labels[target]
        }
        return LabelMask(width: width, height: height, indices: out)
    }

    /// Whether it shows no label at all.
    package var isEmpty: Bool { !indices.contains { $0 != 0 } }

    /// The labels that it shows, as `indices` has them; 0 is not among them.
    package var marks: Set<UInt8> {
        var isMarked = [Bool](repeating: false, count: 256)
        for index in indices { isMarked[Int(index)] = true }
        return Set((1...255).filter { isMarked[$0] }.map(UInt8.init))
    }

    /// The mark of most pixels; nil without marks.
    var commonest: UInt8? {
        var counts = [Int](repeating: 0, count: 256)
        for index in indices { counts[Int(index)] += 1 }
        guard let most = counts.dropFirst().max(), most > 0 else { return nil }
        return counts.dropFirst().firstIndex(of: most).map { UInt8($0) }
    }

    /// Share of each cell of a grid that any label covers, 0...1.
    func coverageOfAnyLabel(gridWidth: Int, gridHeight: Int) -> [Float] {
        LabelMask(width: width, height: height, indices: indices.map { $0 == 0 ? 0 : 1 })
            .coverage(of: 0, gridWidth: gridWidth, gridHeight: gridHeight)
    }

    /// The labels at the centres of a grid's cells.
    func sampled(width gridWidth: Int, height gridHeight: Int) -> [UInt8] {
        (0..<gridHeight).flatMap { y in
            let row = (2 * y + 1) * height / (2 * gridHeight) * width
            return (0..<gridWidth).map { x in indices[row + (2 * x + 1) * width / (2 * gridWidth)] }
        }
    }
}
