import Access
import Base
import FoundationEssentials
import Service
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

    private struct Answer {
        let given: Date
        let reason: String?
    }

    private let kept = RecentValues<Question, Answer>(countMax: ConsoleLimits.rightsKeptMax)

    /// - Parameter ask: gives the reason; nil where there is none.
    func reason(_ question: Question, now: Date, _ ask: () async throws -> String?) async throws
        -> String?
    {
        if let known = kept.value(question),
            now.timeIntervalSince(known.given) <= ConsoleLimits.rightsSeconds
        {
            return known.reason
        }
        let reason = try await ask()
        kept.keep(Answer(given: now, reason: reason), question)
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
