import Storage
import Wire

/// Names a trained model: one that was deleted and another that was trained in its place differ.
struct ModelKey: Sendable, Hashable {
    let project: String
    let version: Int
    let files: String?

    init(_ model: ModelRecord) {
        project = model.project
        version = model.version
        files = model.files
    }
}

extension ModelRecord {
    /// Runs at once.
    var inferenceUnits: Int { max(1, maxInferenceUnits ?? minInferenceUnits ?? 1) }

    /// Whether calls need it in memory, now or in a moment.
    var isWantedInMemory: Bool { status == .hosted || status == .startingHosting }
}
