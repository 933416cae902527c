import Access
import FoundationEssentials
import Service
import Synchronization
import Wire

/// Why people may not train a project. It depends on a right for every image of the project, so the
/// answer is kept until its datasets change.
final class TrainingRights: Sendable {
    /// All that an answer depends on, but the time, which conditions of policies may ask about.
    struct Question: Equatable {
        let principal: Principal
        let address: String?
        let isSecure: Bool
        let project: String
        /// When the datasets last changed.
        let changed: [Date]
    }

    private typealias Kept = (question: Question, answered: Date, reason: String?)

    private let kept = Mutex<[Kept]>([])

    /// - Parameter ask: gives the reason; nil where there is none.
    func reason(_ question: Question, now: Date, _ ask: () async throws -> String?) async throws
        -> String?
    {
        let known = kept.withLock { kept in
            kept.removeAll { now.timeIntervalSince($0.answered) > ConsoleLimits.rightsSeconds }
            return kept.first { $0.question == question }
        }
        if let known { return known.reason }
        let reason = try await ask()
        kept.withLock { kept in
            kept.append((question, now, reason))
            if kept.count > ConsoleLimits.rightsKeptMax { kept.removeFirst() }
        }
        return reason
    }
}

extension Visit {
    /// What the button that trains a project needs, as `button` gives it.
    ///
    /// - Parameter datasets: of the project.
    func trainButton(_ project: String, _ datasets: [DatasetDescription]) async throws
        -> [String: Any]
    {
        let question = TrainingRights.Question(
            principal: visitor.principal, address: request.sourceAddress,
            isSecure: request.isEncrypted, project: project,
            changed: datasets.map(\.lastUpdatedTimestamp))
        let reason = try await gallery.rights.reason(question, now: context.now()) {
            try await operations.refusal(
                of: .createModel, .object(["ProjectName": .string(project)]))
        }
        return reason.map { ["disabled": true, "reason": $0] } ?? [:]
    }
}
