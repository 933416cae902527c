package import FoundationEssentials
import Wire

/// What the owner of a key allows a browser's form to upload, as AWS publishes it in "Creating a
/// POST policy". The form carries it in base64, and its signature covers nothing else.
package struct FormPolicy: Sendable {
    /// Why a policy or a form under it was refused.
    package struct Failure: Error, Sendable, Equatable {
        /// S3's endpoint translates these into S3's error names.
        package enum Code: Sendable {
            /// The document is not a policy.
            case malformed
            /// Its time is over.
            case expired
            /// A field of the form is not what a condition wants, or no condition names it.
            case condition
        }
        /// Decides the HTTP status and the error name that the client receives.
        package let code: Code
        /// A whole sentence that may be sent to the client.
        package let message: String
    }

    private enum Condition {
        case equal(name: String, value: String)
        case begins(name: String, value: String)

        var name: String {
            switch self {
            case .equal(let name, _), .begins(let name, _): name
            }
        }
    }

    /// More would only cost time: S3's own forms have about thirty fields.
    private static let conditionsMax = 200

    /// Bytes that the file may have; nil where the policy does not say.
    package let sizes: ClosedRange<Int>?
    private let expiration: Date
    private let conditions: [Condition]

    /// - Parameter text: the base64 of the JSON document, as the form's field has it.
    /// - Throws: `Failure` with the code `malformed` that names what is wrong.
    package init(base64 text: String) throws(Failure) {
        guard let bytes = Data(base64Encoded: text),
            let document = try? JSONValue(parsing: bytes, refusesDoubledMembers: true).object
        else { throw Self.malformed("it is not an object of JSON in base64") }
        guard let time = document["expiration"]?.string else {
            throw Self.malformed("its member 'expiration' is missing")
        }
        guard let expiration = Self.date(time) else {
            throw Self.malformed(
                "its expiration '\(time.prefix(40))' is not a time like 2026-01-31T23:59:59Z")
        }
        guard case .array(let entries)? = document["conditions"] else {
            throw Self.malformed("its list 'conditions' is missing")
        }
        guard entries.count <= Self.conditionsMax else {
            throw Self.malformed("it has more than \(Self.conditionsMax) conditions")
        }
        var sizes: ClosedRange<Int>?
        var conditions: [Condition] = []
        for entry in entries {
            if let range = try Self.range(entry) {
                sizes = range
            } else {
                conditions += try Self.conditions(entry)
            }
        }
        (self.expiration, self.sizes, self.conditions) = (expiration, sizes, conditions)
    }

    private static func date(_ text: String) -> Date? {
        let withFraction = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return (try? Date(text, strategy: .iso8601)) ?? (try? Date(text, strategy: withFraction))
    }

    private static func malformed(_ what: String) -> Failure {
        Failure(code: .malformed, message: "Invalid Policy: \(what).")
    }

    /// `["content-length-range", MIN, MAX]`; nil for any other condition.
    private static func range(_ entry: JSONValue) throws(Failure) -> ClosedRange<Int>? {
        guard case .array(let items) = entry,
            items.first?.string?.lowercased() == "content-length-range"
        else { return nil }
        let numbers = items.dropFirst().compactMap { item -> Int? in
            if case .integer(let number) = item { number } else { item.string.flatMap { Int($0) } }
        }
        guard items.count == 3, numbers.count == 2, 0 <= numbers[0], numbers[0] <= numbers[1] else {
            throw malformed(
                "its content-length-range must have two numbers, the smaller one first")
        }
        return numbers[0]...numbers[1]
    }

    private static func conditions(_ entry: JSONValue) throws(Failure) -> [Condition] {
        switch entry {
        case .object(let members):
            guard !members.isEmpty else { throw malformed("one of its conditions is empty") }
            var found: [Condition] = []
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                guard let text = value.string else {
                    throw malformed("its condition on '\(name.prefix(40))' is not a text")
                }
                found.append(.equal(name: name.lowercased(), value: text))
            }
            return found
        case .array(let items):
            guard items.count == 3, let kind = items[0].string?.lowercased(),
                let name = items[1].string, name.hasPrefix("$"), let value = items[2].string
            else { throw malformed("a condition must be [\"eq\", \"$FIELD\", \"VALUE\"]") }
            let field = name.dropFirst().lowercased()
            switch kind {
            case "eq": return [.equal(name: field, value: value)]
            case "starts-with": return [.begins(name: field, value: value)]
            default:
                throw malformed(
                    "its condition '\(kind.prefix(40))' is none of eq, starts-with and "
                        + "content-length-range")
            }
        default: throw malformed("each of its conditions must be an object or a list")
        }
    }

    /// Checks a form against the policy.
    ///
    /// - Parameter fields: by lower-case name, with `bucket`; the key with its file name put in.
    /// - Throws: `Failure` with the code `expired` or `condition`.
    package func check(_ fields: [String: String], now: Date) throws(Failure) {
        guard now < expiration else {
            throw Failure(
                code: .expired, message: "Invalid according to Policy: Policy expired.")
        }
        for condition in conditions {
            let value = fields[condition.name]
            let isMet =
                switch condition {
                case .equal(_, let wanted): value == wanted
                case .begins(_, let wanted):
                    wanted.isEmpty || value?.utf8.starts(with: wanted.utf8) ?? false
                }
            guard isMet else {
                throw Failure(
                    code: .condition,
                    message: "Invalid according to Policy: Policy Condition failed: the field "
                        + "'\(condition.name.prefix(80))' is not what the policy wants.")
            }
        }
        let named = Set(conditions.map(\.name)).union(Self.free)
        let others = fields.keys.filter { !named.contains($0) && !$0.hasPrefix("x-ignore-") }
        if let extra = others.min() {
            throw Failure(
                code: .condition,
                message: "Invalid according to Policy: Extra input fields: \(extra.prefix(80))")
        }
    }

    /// Fields that no condition needs to name. The checksum of a file allows less, never more.
    private static let free = Set(ChecksumAlgorithm.allCases.map(\.headerName)).union([
        "policy", "file", "signature", "awsaccesskeyid", "x-amz-signature",
    ])
}
