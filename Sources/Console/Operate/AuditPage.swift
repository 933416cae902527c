import FoundationEssentials
import Service
import Wire

/// Searches the audit log.
struct AuditPage {
    private let visit: Visit

    init(_ visit: Visit) { self.visit = visit }

    func answer() async throws -> ConsoleResponse {
        try visit.operations.authorize(.readAudit)
        guard let installation = visit.installation else { throw Console.nothingHere }
        let request = visit.request
        func field(_ name: String) -> String {
            request.parameter(name)?.trimmingSpaces ?? ""
        }
        let days = min(max(Int(field("days")) ?? 1, 1), ConsoleLimits.auditDaysMax)
        let query = AuditSearch.Query(
            since: visit.context.now().addingTimeInterval(-86_400 * Double(days)),
            user: field("user"), event: field("event"), text: field("text"),
            isFailure: request.parameter("failures") != nil)
        let found = try await installation.audit.newest(
            query, limit: ConsoleLimits.auditLinesMax, now: visit.context.now())
        return visit.html(
            "audit",
            [
                "title": visit.page.text("audit_title"), "days": days, "name": query.user,
                "event": query.event, "text": query.text, "isFailure": query.isFailure,
                "lines": found.lines.map(line), "hasLines": !found.lines.isEmpty,
                "hasMore": found.hasMore,
            ])
    }

    private func line(_ record: JSONValue) -> [String: Any] {
        let members = record.object ?? [:]
        let identity = members["userIdentity"]?.object ?? [:]
        let isRoot = identity["type"]?.string == "Root"
        let time = members["eventTime"]?.string ?? ""
        return [
            "time": time.replacing("T", with: " ").replacing("Z", with: ""),
            "name": isRoot
                ? "root" : identity["userName"]?.string ?? identity["accessKeyId"]?.string ?? "–",
            "event": members["eventName"]?.string ?? "",
            "source": members["eventSource"]?.string?.split(separator: ".").first.map(String.init)
                ?? "",
            "isConsole": members["eventType"]?.string?.hasPrefix("AwsConsole") ?? false,
            "address": members["sourceIPAddress"]?.string ?? "",
            "parameters": members["requestParameters"].flatMap(Self.short) ?? "",
            "error": members["errorCode"]?.string ?? "",
            "message": members["errorMessage"]?.string ?? "",
        ]
    }

    private static func short(_ value: JSONValue) -> String? {
        guard value != .null, let bytes = try? WireCoding.encode(value) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.count > 200 ? text.prefix(200) + "…" : text
    }
}

extension String {
    /// Without blanks at its ends, which come along when somebody copies a word.
    var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
