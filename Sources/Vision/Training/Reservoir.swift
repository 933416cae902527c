/// A uniform sample of bounded size (Vitter's algorithm R).
struct Reservoir: Sendable {
    private(set) var images: [RetainedImages.Image] = []
    private(set) var offered = 0

    /// Whether the next image will be kept, and where.
    ///
    /// - Parameter limit: images to keep at most.
    mutating func place(limit: Int, using random: inout some RandomNumberGenerator) -> Int? {
        offered += 1
        if offered <= limit { return offered - 1 }
        let place = Int.random(in: 0..<offered, using: &random)
        return place < limit ? place : nil
    }

    mutating func keep(_ image: RetainedImages.Image, at place: Int) {
        if place < images.count { images[place] = image } else { images.append(image) }
    }
}
