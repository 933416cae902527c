import Access
import Base
import FoundationEssentials
import Service
import Wire

/// A call in the shape of a CloudTrail record.
enum AuditRecord {
    private static let textBytesMax = 1024
    /// Members that are data rather than parameters.
    private static let dataMembers: Set<String> = ["Changes", "Body"]

    /// - Returns: nil for a request of no operation.
    static func json(_ call: APICall, arns: ARNs, source: AuditSource, time: Date) -> JSONValue? {
        guard let operation = call.operation else { return nil }
        var record: [String: JSONValue] = [
            "eventVersion": .string("1.08"),
            "eventTime": .string(time.formatted(.iso8601)),
            "eventSource": .string(call.eventSource ?? call.service.eventSource),
            "eventName": .string(operation),
            "eventID": .string(UUID.random().uuidString.lowercased()),
            "eventType": .string(call.eventType),
            "eventCategory": .string(call.isDataEvent ? "Data" : "Management"),
            "managementEvent": .boolean(!call.isDataEvent),
            "readOnly": .boolean(call.isReadOnly),
            "awsRegion": .string(arns.region),
            "recipientAccountId": .string(arns.account),
            "requestID": .string(call.requestID),
            "sourceIPAddress": call.sourceAddress.map(JSONValue.string) ?? .null,
            "userAgent": call.userAgent.map { .string(shortened($0)) } ?? .null,
            "userIdentity": identity(call, arns),
            "requestParameters": call.input.map { bounded(parameters($0)) } ?? .null,
            "responseElements": .null,
            "additionalEventData": .object([
                "serverHost": .string(source.host), "serverId": .string(source.member),
            ]),
        ]
        if let error = call.error {
            record["errorCode"] = .string(error.code)
            record["errorMessage"] = .string(shortened(error.message))
        } else if !call.isReadOnly, let answer = call.answer {
            record["responseElements"] =
                (try? JSONValue(parsing: answer)).map { bounded(parameters($0)) }
                ?? .null
        }
        return .object(record)
    }

    /// Who called; for a signature that was not right, only the key that it names.
    private static func identity(_ call: APICall, _ arns: ARNs) -> JSONValue {
        guard let principal = call.claimed else { return .object(["type": .string("Unknown")]) }
        let key = JSONValue.string(principal.accessKeyID)
        guard call.isVerified else {
            return .object(["type": .string("Unknown"), "accessKeyId": key])
        }
        var identity: [String: JSONValue] = [
            "type": .string(principal.userName == nil ? "Root" : "IAMUser"),
            "principalId": .string(principal.userName ?? arns.account),
            "arn": .string(principal.arn),
            "accountId": .string(arns.account),
            "accessKeyId": key,
        ]
        if let name = principal.userName { identity["userName"] = .string(name) }
        return .object(identity)
    }

    /// `value` with names in lowerCamelCase, long texts cut, and data left out.
    private static func parameters(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            return .object(
                members.reduce(into: [:]) { result, member in
                    guard member.value != .null, !dataMembers.contains(member.key) else { return }
                    let name = member.key.prefix(1).lowercased() + member.key.dropFirst()
                    result[name] = parameters(member.value)
                })
        case .array(let items): return .array(items.map(parameters))
        case .string(let text): return .string(shortened(text))
        case .null, .boolean, .integer, .number: return value
        }
    }

    /// A caller must not be able to fill the log's files with a few calls.
    private static func bounded(_ value: JSONValue) -> JSONValue {
        let bytes = (try? JSONCoding.encode(value))?.count ?? 0
        guard bytes > Limits.auditParameterBytesMax else { return value }
        return .string("left out: \(bytes) bytes")
    }

    private static func shortened(_ text: String) -> String {
        // Bytes, since one character may have millions of combining marks.
        text.utf8.count > textBytesMax
            ? String(decoding: text.utf8.prefix(textBytesMax), as: UTF8.self) + "…" : text
    }
}
