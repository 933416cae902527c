/// Which images are held out together.
struct Folds: Sendable {
    static let count = 4

    /// Mean difference of two thumbnails, of 255, below which they are frames of one scene: about
    /// what a sensor's noise leaves after averaging.
    private static let duplicateDifferenceMax: Float = 1.2
    /// A group above this share of all images is not a burst of frames but a product whose images
    /// look alike.
    private static let groupShareMax = 0.2

    /// The fold of each image.
    let assignment: [Int]

    /// Spreads groups of near-duplicates over the folds, the largest first, each to the emptiest
    /// fold: an image must not be judged by its own twin.
    init(thumbnails: [[Float]], seed: UInt64) {
        var random = SeededRandom(seed: seed ^ 0xF01D)
        let order = Sampling.indices(
            thumbnails.count, below: thumbnails.count, using: &random)
        var groups = Self.groups(thumbnails)
        let limit = Int(max(2, Self.groupShareMax * Double(thumbnails.count)))
        groups = groups.flatMap { $0.count > limit ? $0.map { [$0] } : [$0] }
        if groups.count < Self.count { groups = thumbnails.indices.map { [$0] } }
        var rank = [Int](repeating: 0, count: thumbnails.count)
        for (position, image) in order.enumerated() { rank[image] = position }
        groups.sort {
            ($1.count, rank[$0[0]]) < ($0.count, rank[$1[0]])
        }
        var sizes = [Int](repeating: 0, count: Self.count)
        var assignment = [Int](repeating: 0, count: thumbnails.count)
        for group in groups {
            let smallest = sizes.min() ?? 0
            let fold = sizes.firstIndex(of: smallest) ?? 0
            for image in group { assignment[image] = fold }
            sizes[fold] += group.count
        }
        self.assignment = assignment
    }

    /// Folds that hold out whole labels, the commonest label first, each to the emptiest fold; nil
    /// with fewer than two labels.
    ///
    /// - Parameter labels: of each image; images without one are spread over the folds.
    static func byLabel(_ labels: [UInt8?]) -> [Int]? {
        let counts = Dictionary(labels.compactMap { $0 }.map { ($0, 1) }, uniquingKeysWith: +)
        guard counts.count > 1 else { return nil }
        var sizes = [Int](repeating: 0, count: count)
        var folds: [UInt8: Int] = [:]
        for (label, images) in counts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            let fold = sizes.firstIndex(of: sizes.min() ?? 0) ?? 0
            folds[label] = fold
            sizes[fold] += images
        }
        return labels.indices.map { image in
            labels[image].flatMap { folds[$0] } ?? image % count
        }
    }

    /// Images that are joined by a chain of near-duplicates.
    private static func groups(_ thumbnails: [[Float]]) -> [[Int]] {
        var parent = Array(thumbnails.indices)
        func root(_ index: Int) -> Int {
            var index = index
            while parent[index] != index { index = parent[index] }
            return index
        }
        for first in thumbnails.indices {
            for second in thumbnails.indices.dropFirst(first + 1)
            where difference(thumbnails[first], thumbnails[second]) < duplicateDifferenceMax {
                parent[root(second)] = root(first)
            }
        }
        return Dictionary(grouping: thumbnails.indices, by: root).values.sorted { $0[0] < $1[0] }
    }

    private static func difference(_ a: [Float], _ b: [Float]) -> Float {
        zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) } / Float(max(1, a.count))
    }

    /// 24×24 pixels, red, green and blue in 0...255.
    static func thumbnail(_ image: RGBImage) -> [Float] {
        Resize.resize(image, width: 24, height: 24).pixels.map(Float.init)
    }
}
