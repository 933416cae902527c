import Access
import Base
import FoundationEssentials
import Service
import Storage
import Wire

/// How the installation is: servers and workers, jobs, models in memory, disk.
struct OperatePage {
    private let visit: Visit

    init(_ visit: Visit) { self.visit = visit }

    func answer() async throws -> ConsoleResponse {
        var values: [String: Any] = [
            "title": visit.page.text("operate_title"),
            "users": refusal(.manageUsers), "audit": refusal(.readAudit),
            "operations": refusal(.readOperations),
        ]
        if refusal(.readOperations)["disabled"] == nil {
            try await values.merge(installation()) { $1 }
        }
        return visit.html("operate", values)
    }

    /// What a link needs: why the visitor may not follow it.
    private func refusal(_ right: OperatingRight) -> [String: Any] {
        do {
            try visit.operations.authorize(right)
            return [:]
        } catch {
            return ["disabled": true, "reason": error.message]
        }
    }

    private func installation() async throws -> [String: Any] {
        let now = visit.context.now()
        let gauges = try await Gauges(visit.context)
        let failed = try await visit.context.metadata.read {
            try $0.failedJobs(
                since: now.addingTimeInterval(-ConsoleLimits.failedJobsSeconds),
                limit: ConsoleLimits.failedJobsMax)
        }
        let running = try await visit.context.metadata.read { try $0.runningJobs() }
        let installation = visit.installation
        return [
            "isShown": true, "version": installation?.version ?? "",
            "members": (installation?.membership.members ?? []).map { member -> [String: Any] in
                [
                    "role": visit.page.text("operate_\(member.role.rawValue)"),
                    "host": member.host, "version": member.version,
                    "kinds": member.kinds.joined(separator: ", "), "places": member.places,
                    "started": Self.time(member.started),
                ]
            },
            "queues": gauges.jobs.map { job -> [String: Any] in
                [
                    "kind": job.kind, "state": visit.page.text("operate_\(job.state.rawValue)"),
                    "count": job.count, "since": Self.time(job.oldest),
                ]
            },
            "hasQueues": !gauges.jobs.isEmpty,
            "running": running.map(job), "hasRunning": !running.isEmpty,
            "failed": failed.map(job), "hasFailed": !failed.isEmpty,
            "hosted": gauges.hosted.map { model -> [String: Any] in
                [
                    "name": "\(model.project) \(model.version)",
                    "page": "\(visit.home(model.project))/models/\(model.version)",
                    "units": model.maxUnits, "waiting": model.waitingCalls,
                ]
            },
            "hasHosted": !gauges.hosted.isEmpty,
            "memory": Self.mebibytes(gauges.memory.bytes),
            "memoryMax": Self.mebibytes(gauges.memory.bytesMax),
            "disk": (installation?.freeBytes()).map(Self.mebibytes) ?? "–",
        ]
    }

    private func job(_ job: JobRecord) -> [String: Any] {
        [
            "what": (try? JobSubject(of: job)).map { visit.page.said("\($0)") } ?? job.kind,
            "attempt": job.attempt, "created": Self.time(job.created),
            "ended": Self.time(job.notBefore), "reason": job.lastError ?? "",
        ]
    }

    /// In UTC, to the minute.
    static func time(_ date: Date) -> String {
        String(date.formatted(.iso8601).prefix(16)).replacing("T", with: " ")
    }

    private static func mebibytes(_ bytes: Int) -> String { "\(bytes >> 20) MiB" }
}
