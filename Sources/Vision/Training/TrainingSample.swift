/// One image to learn from.
package struct TrainingSample: Sendable {
    /// What messages call the image.
    package let name: String
    /// At its own size, which all images of a training share.
    package let image: RGBImage
    /// What people said about it.
    package let isAnomalous: Bool
    /// What people outlined, at the image's size; nil without a mask.
    package let mask: LabelMask?

    package init(name: String, image: RGBImage, isAnomalous: Bool, mask: LabelMask?) {
        self.name = name
        self.image = image
        self.isAnomalous = isAnomalous
        self.mask = mask
    }
}
