import Storage
package import Wire

/// What a dataset says of its last change: the parts of its StatusMessage. Every sentence has a
/// kind, so a new one cannot be taken for another kind by its words.
package struct DatasetSaying: Sendable, Equatable {
    package enum Kind: Sendable {
        /// Says only that all went as it should.
        case routine
        /// People should know it.
        case warning
    }

    /// Sentences that say that all went as it should.
    package private(set) var routine = ""
    /// Sentences that people should know.
    package private(set) var warning = ""

    /// Nothing is said at first.
    init() {}

    /// What the dataset said last. A row of before kinds were kept has warnings alone, so nothing
    /// that people should know is hidden.
    init(of dataset: DatasetRecord) {
        guard let message = dataset.statusMessage, message.contains(where: { !$0.isWhitespace })
        else {
            let isDone = [.createComplete, .updateComplete].contains(dataset.status)
            add(isDone ? .routine : .warning, dataset.status.message)
            return
        }
        guard let routine = dataset.statusRoutine, message.hasPrefix(routine) else {
            warning = message
            return
        }
        (self.routine, warning) = (routine, String(message.dropFirst(routine.count + 1)))
    }

    mutating func add(_ kind: Kind, _ sentence: String) {
        switch kind {
        case .routine: routine += (routine.isEmpty ? "" : " ") + sentence
        case .warning: warning += (warning.isEmpty ? "" : " ") + sentence
        }
    }

    mutating func add(_ other: DatasetSaying) {
        if !other.routine.isEmpty { add(.routine, other.routine) }
        if !other.warning.isEmpty { add(.warning, other.warning) }
    }

    /// Makes it the StatusMessage of a dataset: what is routine, then what people should know.
    func write(to dataset: inout DatasetRecord) {
        let parts = [routine, warning].filter { !$0.isEmpty }
        dataset.say(parts.joined(separator: " "), routine: routine.isEmpty ? nil : routine)
    }
}

extension Operations {
    /// What a dataset says of its last change, and whether that failed.
    ///
    /// - Throws: `accessDenied` without DescribeDataset; `resourceNotFound`.
    package func saying(of project: String, _ type: DatasetType) async throws -> (
        saying: DatasetSaying, hasFailed: Bool
    ) {
        try await authorize(.describeDataset, .object(["ProjectName": .string(project)]))
        let dataset = try await context.metadata.read { try Lookup.dataset(project, type, $0) }
        let failed: [DatasetStatus] = [.createFailed, .updateFailedRollbackComplete, .deleteFailed]
        return (DatasetSaying(of: dataset), failed.contains(dataset.status))
    }
}
