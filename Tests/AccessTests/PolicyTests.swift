import Access
import FoundationEssentials
import Testing

private func policy(_ statements: String) throws -> PolicyDocument {
    let text = #"{"Version":"2012-10-17","Statement":\#(statements)}"#
    return try PolicyDocument(parsing: Data(text.utf8))
}

private func allows(_ document: PolicyDocument, _ request: AccessRequest) -> Bool {
    let principal = Principal(
        arn: "arn:aws:iam::1:user/ann", accessKeyID: "K", userName: "ann", policy: document)
    var request = request
    request.principal = principal
    return (try? principal.check(request)) != nil
}

private func request(_ action: String = "lookoutvision:DetectAnomalies", on resource: String)
    -> AccessRequest
{
    AccessRequest(
        actions: [action], resource: resource,
        principal: Principal(arn: "", accessKeyID: "", userName: nil, policy: nil))
}

private let model = "arn:aws:lookoutvision:us-east-1:000000000000:model/parts/1"

@Suite struct PolicyTests {
    @Test(arguments: [
        #"{"Version":"2012-10-17","Statement":[],"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        #"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","\u0045ffect":"Allow","Action":"*","Resource":"*"}]}"#,
    ])
    func membersThatStandTwiceAreRefused(document: String) throws {
        let error = #expect(throws: AccessError.self) {
            try PolicyDocument(parsing: Data(document.utf8))
        }
        #expect(error?.message.contains("stands twice") == true)
    }

    @Test func whatNothingAllowsIsDeniedAndADenyWins() throws {
        let request = request(on: model)
        #expect(try !allows(policy("[]"), request))
        let allow = #"{"Effect":"Allow","Action":"lookoutvision:*","Resource":"*"}"#
        let deny = #"{"Effect":"Deny","Action":"*:Detect*","Resource":"*:model/parts/?"}"#
            .replacing("*:model", with: "arn:aws:*:model")
        #expect(try allows(policy(allow), request))
        #expect(try !allows(policy("[\(allow),\(deny)]"), request))
        #expect(try !allows(policy("[\(deny),\(allow)]"), request))
    }

    @Test func aDenialSaysWhoWhatAndWhere() throws {
        let principal = Principal(
            arn: "arn:aws:iam::1:user/ann", accessKeyID: "K", userName: "ann",
            policy: try policy("[]"))
        let error = #expect(throws: AccessError.self) {
            try principal.check(request(on: model))
        }
        #expect(error?.code == .accessDenied)
        for part in [principal.arn, "lookoutvision:DetectAnomalies", model] {
            #expect(error?.message.contains(part) == true)
        }
    }

    @Test func aUserWhosePolicyCannotBeReadMayDoNothing() {
        let principal = Principal(arn: "a", accessKeyID: "K", userName: "ann", policy: nil)
        #expect(throws: AccessError.self) { try principal.check(request(on: model)) }
    }

    @Test func actionsIgnoreCaseAndResourcesDoNot() throws {
        let document = try policy(
            #"{"Effect":"Allow","Action":"LookoutVision:detectanomalies","Resource":"\#(model)"}"#)
        #expect(allows(document, request(on: model)))
        #expect(!allows(document, request(on: model.replacing("parts", with: "Parts"))))
    }

    @Test func notActionAndNotResourceAllowTheRest() throws {
        let document = try policy(
            """
            {"Effect":"Allow","NotAction":["lookoutvision:Delete*"],"NotResource":"\(model)"}
            """)
        #expect(!allows(document, request(on: model)))
        #expect(allows(document, request(on: model + "0")))
        #expect(!allows(document, request("lookoutvision:DeleteModel", on: model + "0")))
    }

    @Test(arguments: [
        (#""StringEquals":{"aws:ResourceTag/line":"7"}"#, true),
        (#""StringEquals":{"AWS:resourcetag/line":["6","7"]}"#, true),
        (#""StringEquals":{"aws:ResourceTag/Line":"7"}"#, true),
        (#""StringEquals":{"aws:ResourceTag/lines":"7"}"#, false),
        (#""ForAnyValue:StringNotEquals":{"aws:ResourceTag/absent":"7"}"#, false),
        (#""StringNotEquals":{"aws:ResourceTag/line":"7"}"#, false),
        (#""StringNotEquals":{"aws:ResourceTag/absent":"7"}"#, true),
        (#""StringEqualsIfExists":{"aws:ResourceTag/absent":"7"}"#, true),
        (#""StringLike":{"aws:RequestTag/team":"qu*"}"#, true),
        (#""StringNotLike":{"aws:RequestTag/team":"qu*"}"#, false),
        (#""StringEqualsIgnoreCase":{"aws:RequestTag/team":"QUALITY"}"#, true),
        (#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/a*"}"#, true),
        (#""ArnLike":{"aws:PrincipalArn":"arn:*"}"#, false),
        (#""IpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.0/25"]}"#, true),
        (#""IpAddress":{"aws:SourceIp":"192.0.2.128/25"}"#, false),
        (#""NotIpAddress":{"aws:SourceIp":"2001:db8::/32"}"#, true),
        (#""Null":{"aws:ResourceTag/absent":"true"}"#, true),
        (#""Null":{"aws:ResourceTag/line":true}"#, false),
        (#""Bool":{"aws:SecureTransport":"false"}"#, true),
        (#""Bool":{"aws:SecureTransport":"true"}"#, false),
        (#""ForAllValues:StringEquals":{"aws:TagKeys":["team","line"]}"#, true),
        (#""ForAllValues:StringEquals":{"aws:TagKeys":["line"]}"#, false),
        (#""ForAnyValue:StringEquals":{"aws:TagKeys":["x","team"]}"#, true),
        (#""StringEquals":{"aws:username":"ann"},"Null":{"aws:SourceIp":"true"}"#, false),
    ])
    func conditionsAreHeld(condition: String, holds: Bool) throws {
        let document = try policy(
            #"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{\#(condition)}}"#)
        var request = request(on: model)
        request.sourceAddress = "192.0.2.7"
        request.resourceTags = ["line": "7"]
        request.requestTags = ["team": "quality"]
        request.tagKeys = ["team"]
        #expect(allows(document, request) == holds)
    }

    @Test func anAddressInIPv6ClothesIsItself() throws {
        let document = try policy(
            """
            {"Effect":"Allow","Action":"*","Resource":"*",
             "Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}
            """)
        var request = request(on: model)
        request.sourceAddress = "::ffff:192.0.2.1"
        #expect(allows(document, request))
    }

    @Test(arguments: [
        ("[]", "JSON object"),
        (#"{"Statement":[]}"#, "Version"),
        (#"{"Version":"2012-10-17","Statement":7}"#, "Statement"),
        (#"{"Version":"2012-10-17","Statment":[]}"#, "Statment"),
        (statement(#""Effect":"allow","Action":"*","Resource":"*""#), "Statement.1.Effect"),
        (statement(#""Effect":"Allow","Resource":"*""#), "Action"),
        (statement(#""Effect":"Allow","Action":"Detect","Resource":"*""#), "'Detect'"),
        (statement(#""Effect":"Allow","Action":"*","Resource":"parts""#), "'parts'"),
        (statement(#""Effect":"Allow","Action":[],"Resource":"*""#), "Action"),
        (statement(#""Effect":"Allow","Action":"*","Resource":"*","Principal":"*""#), "Principal"),
        (condition(#""StringEqual":{"aws:SourceIp":"1"}"#), "StringEqual"),
        (condition(#""StringEquals":{"aws:Colour":"1"}"#), "aws:Colour"),
        (condition(#""IpAddress":{"aws:SourceIp":"10.0.0.0/33"}"#), "10.0.0.0/33"),
        (condition(#""Bool":{"aws:SecureTransport":"maybe"}"#), "maybe"),
        (condition(#""StringEquals":{"aws:username":"${aws:username}"}"#), "variable"),
    ])
    func whatIsNoPolicyIsRefusedWithItsPlace(text: String, words: String) {
        let error = #expect(throws: AccessError.self) {
            try PolicyDocument(parsing: Data(text.utf8))
        }
        #expect(error?.code == .invalidPolicy)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    /// Compared with the definition of the wildcards, tried out recursively.
    @Test func wildcardsMatchWhatTheirDefinitionSays() {
        func defined(_ text: Substring, _ pattern: Substring) -> Bool {
            guard let sign = pattern.first else { return text.isEmpty }
            let rest = pattern.dropFirst()
            if sign == "*" {
                return defined(text, rest) || (!text.isEmpty && defined(text.dropFirst(), pattern))
            }
            guard let first = text.first else { return false }
            return (sign == "?" || sign == first) && defined(text.dropFirst(), rest)
        }
        var random = SeededRandom(seed: 7)
        for _ in 0..<20_000 {
            let text = random.text(of: "ab:", countMax: 8)
            let pattern = random.text(of: "ab:*?", countMax: 6)
            #expect(Wildcard.matches(text, pattern) == defined(text[...], pattern[...]))
        }
        // Exponential if it went back to every star.
        #expect(
            !Wildcard.matches(
                String(repeating: "a", count: 5000), String(repeating: "a*", count: 2000) + "b"))
    }

    /// Properties of the evaluation over generated policies and requests.
    @Test func generatedPoliciesKeepTheRulesOfEvaluation() throws {
        var random = SeededRandom(seed: 11)
        var allowed = 0
        for _ in 0..<3000 {
            let statements = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                random.statement()
            }
            let request = random.request()
            let document = try policy("[\(statements.joined(separator: ","))]")
            let result = allows(document, request)
            if result { allowed += 1 }
            // The order of statements does not matter.
            let reversed = try policy("[\(statements.reversed().joined(separator: ","))]")
            #expect(allows(reversed, request) == result)
            // Another allow never takes away; another deny never gives.
            let more = try policy(
                "[\((statements + [random.statement("Allow")]).joined(separator: ","))]")
            #expect(!result || allows(more, request))
            let less = try policy(
                "[\((statements + [random.statement("Deny")]).joined(separator: ","))]")
            #expect(result || !allows(less, request))
            // A deny of everything denies; with no allow nothing is allowed.
            let none = try policy(
                "[\((statements + [#"{"Effect":"Deny","Action":"*","Resource":"*"}"#]).joined(separator: ","))]"
            )
            #expect(!allows(none, request))
            #expect(!result || statements.contains { $0.contains("Allow") })
        }
        #expect((100..<2900).contains(allowed))
    }
}

private func statement(_ members: String) -> String {
    #"{"Version":"2012-10-17","Statement":[{\#(members)}]}"#
}

private func condition(_ members: String) -> String {
    statement(#""Effect":"Allow","Action":"*","Resource":"*","Condition":{\#(members)}"#)
}

/// SplitMix64, so that a failure repeats.
private struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func text(of alphabet: String, countMax: Int) -> String {
        let signs = Array(alphabet)
        return String(
            (0..<Int.random(in: 0...countMax, using: &self)).map { _ in pick(signs) })
    }

    mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &self)]
    }

    mutating func statement(_ effect: String? = nil) -> String {
        let effect = effect ?? pick(["Allow", "Allow", "Deny"])
        let action = pick(["*", "lookoutvision:*", "lookoutvision:Detect*", "s3:PutObject"])
        let resource = pick(["*", model, "arn:aws:lookoutvision:*:model/parts/*", "arn:aws:s3:::b"])
        let members = [
            #""Effect":"\#(effect)""#,
            #""\#(pick(["Action", "NotAction"]))":"\#(action)""#,
            #""\#(pick(["Resource", "NotResource"]))":"\#(resource)""#,
            #""Condition":{"\#(pick(["StringEquals", "StringNotEquals"]))":{"aws:ResourceTag/t":"1"}}"#,
        ]
        return "{\(members.prefix(pick([3, 3, 4])).joined(separator: ","))}"
    }

    mutating func request() -> AccessRequest {
        var made = accessRequest(
            pick(["lookoutvision:DetectAnomalies", "lookoutvision:DeleteModel", "s3:PutObject"]),
            pick([model, model + "1", "arn:aws:s3:::b"]))
        if Bool.random(using: &self) { made.resourceTags = ["t": pick(["1", "2"])] }
        return made
    }
}

private func accessRequest(_ action: String, _ resource: String) -> AccessRequest {
    request(action, on: resource)
}
