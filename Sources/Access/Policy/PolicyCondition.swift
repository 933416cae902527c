import Wire

/// One test of a statement's Condition: an operator, a key of the request and texts.
package struct PolicyCondition: Sendable, Equatable {
    enum Operator: String, CaseIterable {
        case stringEquals = "StringEquals"
        case stringNotEquals = "StringNotEquals"
        case stringEqualsIgnoreCase = "StringEqualsIgnoreCase"
        case stringNotEqualsIgnoreCase = "StringNotEqualsIgnoreCase"
        case stringLike = "StringLike"
        case stringNotLike = "StringNotLike"
        case arnEquals = "ArnEquals"
        case arnNotEquals = "ArnNotEquals"
        case arnLike = "ArnLike"
        case arnNotLike = "ArnNotLike"
        case ipAddress = "IpAddress"
        case notIPAddress = "NotIpAddress"
        case bool = "Bool"
        case null = "Null"

        /// A negated operator holds when no value matches, also when the key is absent.
        var isNegated: Bool {
            switch self {
            case .stringNotEquals, .stringNotEqualsIgnoreCase, .stringNotLike, .arnNotEquals,
                .arnNotLike, .notIPAddress:
                true
            case .stringEquals, .stringEqualsIgnoreCase, .stringLike, .arnEquals, .arnLike,
                .ipAddress, .bool, .null:
                false
            }
        }
    }

    enum Quantifier: String, CaseIterable {
        case forAllValues = "ForAllValues"
        case forAnyValue = "ForAnyValue"
    }

    private static let plainKeys = [
        "aws:SourceIp", "aws:TagKeys", "aws:username", "aws:PrincipalArn", "aws:SecureTransport",
        "aws:ViaAWSService", "s3:prefix", "s3:delimiter", "s3:max-keys",
    ]
    private static let prefixedKeys = ["aws:ResourceTag/", "aws:RequestTag/"]

    let test: Operator
    let quantifier: Quantifier?
    /// `…IfExists`: holds when the key is absent.
    let ifExists: Bool
    /// In lower case: IAM compares keys, also those of tags, without it.
    let key: String
    let values: [String]

    static func all(in value: JSONValue?, at path: String) throws(AccessError) -> [PolicyCondition]
    {
        guard let value else { return [] }
        guard let operators = value.object else {
            throw PolicyDocument.invalid("\(path).Condition must be an object.")
        }
        var conditions: [PolicyCondition] = []
        for (name, keys) in operators.sorted(by: { $0.key < $1.key }) {
            let place = "\(path).Condition.\(name.prefix(80))"
            guard let keys = keys.object else {
                throw PolicyDocument.invalid("\(place) must be an object.")
            }
            for (key, value) in keys.sorted(by: { $0.key < $1.key }) {
                conditions.append(
                    try PolicyCondition(
                        name, key, PolicyDocument.strings(value, at: "\(place).\(key)"), at: place))
            }
        }
        return conditions
    }

    private init(
        _ name: String, _ key: String, _ values: [String], at path: String
    ) throws(AccessError) {
        var rest = name[...]
        quantifier = Quantifier.allCases.first { rest.hasPrefix("\($0.rawValue):") }
        if let quantifier { rest = rest.dropFirst(quantifier.rawValue.count + 1) }
        ifExists = rest.hasSuffix("IfExists")
        if ifExists { rest = rest.dropLast("IfExists".count) }
        guard let test = Operator(rawValue: String(rest)), !(ifExists && test == .null) else {
            let known = Operator.allCases.map(\.rawValue).joined(separator: ", ")
            throw PolicyDocument.invalid("\(path) is no operator; there are \(known).")
        }
        self.test = test
        guard let normal = Self.normalized(key) else {
            let known = (Self.plainKeys + Self.prefixedKeys.map { $0 + "KEY" })
                .joined(separator: ", ")
            throw PolicyDocument.invalid(
                "\(path): '\(key.prefix(80))' is no condition key; there are \(known).")
        }
        self.key = normal
        self.values = values
        try checkValues(at: path)
    }

    private func checkValues(at path: String) throws(AccessError) {
        let wanted: String
        let isSound: (String) -> Bool
        switch test {
        case .ipAddress, .notIPAddress:
            wanted = "an address range like 192.0.2.0/24"
            isSound = { AddressRange($0) != nil }
        case .bool, .null:
            wanted = "\"true\" or \"false\""
            isSound = { ["true", "false"].contains($0.lowercased()) }
        default: return
        }
        if let wrong = values.first(where: { !isSound($0) }) {
            throw PolicyDocument.invalid("\(path): '\(wrong.prefix(80))' must be \(wanted).")
        }
    }

    /// - Returns: nil for a key that no request has.
    static func normalized(_ key: String) -> String? {
        let lower = key.lowercased()
        if plainKeys.contains(where: { $0.lowercased() == lower }) { return lower }
        for prefix in prefixedKeys
        where lower.hasPrefix(prefix.lowercased()) && key.count > prefix.count {
            return lower
        }
        return nil
    }

    func holds(for request: AccessRequest) -> Bool {
        let found = request.values(of: key)
        if test == .null {
            return values.contains { ($0.lowercased() == "true") == (found == nil) }
        }
        guard let found, !found.isEmpty else {
            // Of no value there is none that passes.
            if quantifier == .forAnyValue { return false }
            return ifExists || test.isNegated || quantifier == .forAllValues
        }
        switch quantifier {
        case .forAllValues: return found.allSatisfy(passes)
        case .forAnyValue: return found.contains(where: passes)
        case nil: return test.isNegated ? found.allSatisfy(passes) : found.contains(where: passes)
        }
    }

    private func passes(_ value: String) -> Bool {
        values.contains { matches(value, $0) } != test.isNegated
    }

    private func matches(_ value: String, _ wanted: String) -> Bool {
        switch test {
        case .stringEquals, .stringNotEquals: value == wanted
        case .stringEqualsIgnoreCase, .stringNotEqualsIgnoreCase, .bool:
            value.lowercased() == wanted.lowercased()
        case .stringLike, .stringNotLike: Wildcard.matches(value, wanted)
        case .arnEquals, .arnNotEquals, .arnLike, .arnNotLike: Self.arn(value, matches: wanted)
        case .ipAddress, .notIPAddress: AddressRange(wanted)?.contains(value) ?? false
        case .null: false
        }
    }

    /// Field by field, so that a star does not reach over a colon of the first five.
    private static func arn(_ value: String, matches pattern: String) -> Bool {
        let sides = [value, pattern].map {
            $0.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        }
        return sides[0].count == 6 && sides[1].count == 6
            && zip(sides[0], sides[1]).allSatisfy { Wildcard.matches(String($0), String($1)) }
    }
}
