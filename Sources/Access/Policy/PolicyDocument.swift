package import FoundationEssentials
import Wire

/// An identity policy in IAM's JSON, version 2012-10-17: what somebody may do, to what, and when.
///
/// All that is in the document is understood: an unknown member, operator or condition key is an
/// error, because a rule that is read as nothing would allow or deny the wrong thing in silence.
package struct PolicyDocument: Sendable, Equatable {
    /// The raw values are IAM's spelling, which is compared with case.
    package enum Effect: String, Sendable {
        case allow = "Allow"
        case deny = "Deny"
    }

    /// Patterns of which one must match, or none.
    package struct Patterns: Sendable, Equatable {
        /// With the wildcards `*` and `?`. Actions are compared without case, ARNs with it.
        package var patterns: [String]
        /// `NotAction`, `NotResource`.
        package var isNegated = false
    }

    /// A rule. It applies when action, resource and every condition match.
    package struct Statement: Sendable, Equatable {
        /// Whether the statement allows or denies; one that denies wins over all that allow.
        package var effect: Effect
        /// Like `lookoutvision:DetectAnomalies`, from `Action` or `NotAction`.
        package var actions: Patterns
        /// ARN patterns, from `Resource` or `NotResource`.
        package var resources: Patterns
        /// All of them must hold; an empty list always does.
        package var conditions: [PolicyCondition]
    }

    /// A larger document is no policy that anybody wrote.
    package static let bytesMax = 64 << 10

    /// In the document's order, which has no influence on the decision.
    package var statements: [Statement]

    /// - Throws: `invalidPolicy` naming the member that is wrong and what would be right.
    package init(parsing text: Data) throws(AccessError) {
        guard text.count <= Self.bytesMax else {
            throw Self.invalid("The document has more than \(Self.bytesMax) bytes.")
        }
        let document: JSONValue
        do {
            document = try JSONValue(parsing: text, refusesDoubledMembers: true)
        } catch {
            throw Self.invalid("The document is not JSON: \(error.message).")
        }
        guard let members = document.object else {
            throw Self.invalid("The document is not a JSON object.")
        }
        try Self.check(members, "the document", known: ["Version", "Id", "Statement"])
        guard members["Version"]?.string == "2012-10-17" else {
            throw Self.invalid("Version must be \"2012-10-17\".")
        }
        let list: [JSONValue]
        switch members["Statement"] {
        case .array(let items): list = items
        case .object(let one): list = [.object(one)]
        default: throw Self.invalid("Statement must be a list of objects.")
        }
        var statements: [Statement] = []
        for (index, item) in list.enumerated() {
            statements.append(try Self.statement(item, at: "Statement.\(index + 1)"))
        }
        self.statements = statements
    }

    private static func statement(_ value: JSONValue, at path: String) throws(AccessError)
        -> Statement
    {
        guard let members = value.object else { throw invalid("\(path) must be an object.") }
        try check(
            members, path,
            known: [
                "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition",
            ])
        guard let effect = members["Effect"]?.string.flatMap(Effect.init) else {
            throw invalid("\(path).Effect must be \"Allow\" or \"Deny\".")
        }
        let actions = try patterns("Action", members, at: path)
        for action in actions.patterns where action != "*" && !action.contains(":") {
            throw invalid(
                "\(path): the action '\(action.prefix(80))' must be like "
                    + "lookoutvision:DetectAnomalies, or \"*\".")
        }
        let resources = try patterns("Resource", members, at: path)
        for resource in resources.patterns where resource != "*" && !resource.hasPrefix("arn:") {
            throw invalid(
                "\(path): the resource '\(resource.prefix(80))' must be an ARN or \"*\".")
        }
        return Statement(
            effect: effect, actions: actions, resources: resources,
            conditions: try PolicyCondition.all(in: members["Condition"], at: path))
    }

    private static func patterns(
        _ name: String, _ members: [String: JSONValue], at path: String
    ) throws(AccessError) -> Patterns {
        let (positive, negative) = (members[name], members["Not" + name])
        guard (positive == nil) != (negative == nil) else {
            throw invalid("\(path) needs either \(name) or Not\(name).")
        }
        let member = positive == nil ? "Not" + name : name
        let texts = try strings(positive ?? negative, at: "\(path).\(member)")
        return Patterns(patterns: texts, isNegated: positive == nil)
    }

    /// One text or a list of them.
    static func strings(_ value: JSONValue?, at path: String) throws(AccessError) -> [String] {
        var texts: [String] = []
        switch value {
        case .string(let text): texts = [text]
        case .boolean(let flag): texts = [String(flag)]
        case .array(let items):
            for item in items { texts += try strings(item, at: path) }
        default: break
        }
        guard !texts.isEmpty else { throw invalid("\(path) must be a text or a list of texts.") }
        if let variable = texts.first(where: { $0.contains("${") }) {
            throw invalid(
                "\(path): '\(variable.prefix(80))' has a policy variable; those are not supported.")
        }
        return texts
    }

    private static func check(
        _ members: [String: JSONValue], _ path: String, known: [String]
    ) throws(AccessError) {
        if let unknown = members.keys.sorted().first(where: { !known.contains($0) }) {
            throw invalid(
                "\(path) has an unknown member '\(unknown.prefix(80))'; it may have "
                    + "\(known.joined(separator: ", ")).")
        }
    }

    static func invalid(_ message: String) -> AccessError { AccessError(.invalidPolicy, message) }
}

/// IAM's wildcards: `*` for any text, `?` for any one character.
package enum Wildcard {
    /// Whether all of `text` matches; in time of the product of the lengths at worst.
    package static func matches(_ text: String, _ pattern: String) -> Bool {
        let (text, pattern) = (Array(text.unicodeScalars), Array(pattern.unicodeScalars))
        var (at, place) = (0, 0)
        // Where to go on when a later character does not match: after the last star.
        var star: (place: Int, at: Int)?
        while at < text.count {
            if place < pattern.count, pattern[place] == "*" {
                star = (place, at)
                place += 1
            } else if place < pattern.count, pattern[place] == "?" || pattern[place] == text[at] {
                at += 1
                place += 1
            } else if let last = star {
                star = (last.place, last.at + 1)
                (place, at) = (last.place + 1, last.at + 1)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == "*" }
    }
}
