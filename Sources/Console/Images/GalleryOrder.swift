import FoundationEssentials

/// All that it depends on which images a gallery shows and in which order.
struct GalleryOrder: Equatable {
    /// Of the dataset's index, which is another one once the dataset has changed.
    let index: UUID
    let filter: String
    let order: String
    let search: String
    /// Of the evaluation whose scores count; nil where none does.
    let evaluation: UUID?
    let threshold: Double?
}
