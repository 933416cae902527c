import FoundationEssentials
import Testing
import Wire
import WireAWS

/// What Greengrass answers to inputs that break its shapes, word for word.
@Suite struct GreengrassInputTests {
    private static let arn = "arn:aws:greengrass:us-east-1:000000000000:components:c:versions:1.0.0"

    private func input(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [],
        body: String = ""
    ) throws -> GreengrassInput {
        try GreengrassInput(
            try GreengrassRoute.find(method: method, path: path),
            of: WireRequest(method: method, path: path, query: query, body: Data(body.utf8)))
    }

    @Test func everyShapeInTheTableExists() {
        for operation in GreengrassOperation.allCases {
            for member in operation.definition.input {
                #expect(GreengrassShapes.table.shapes[member.shape] != nil, "\(member.name)")
            }
        }
        for shape in GreengrassShapes.table.shapes.values {
            if case .map(let key, let value, _, _) = shape {
                #expect(GreengrassShapes.table.shapes[key] != nil)
                #expect(GreengrassShapes.table.shapes[value] != nil)
            }
        }
    }

    private static let satisfy = "failed to satisfy constraint:"

    @Test(arguments: [
        (
            #"{"clientToken":""}"#,
            [
                "Value '' at 'clientToken' \(satisfy) Member must have length greater than or equal "
                    + "to 1"
            ]
        ),
        (
            #"{"clientToken":"a b"}"#,
            [
                "Value 'a b' at 'clientToken' \(satisfy) Member must satisfy regular expression "
                    + "pattern: ^[a-zA-Z0-9-]+$"
            ]
        ),
        (#"{"clientToken":1}"#, ["Value at 'clientToken' \(satisfy) Member must be a string"]),
        (#"{"inlineRecipe":"%"}"#, ["Value at 'inlineRecipe' \(satisfy) Member must be base64"]),
        (
            #"{"inlineRecipe":[]}"#,
            ["Value at 'inlineRecipe' \(satisfy) Member must be base64 in a string"]
        ),
        (#"{"tags":{}}"#, ["Value at 'tags' \(satisfy) Member must have 1 to 200 elements"]),
        (#"{"tags":[]}"#, ["Value at 'tags' \(satisfy) Member must be an object of strings"]),
        (#"{"tags":{"k":1}}"#, ["Value at 'tags.k' \(satisfy) Member must be a string"]),
        (
            #"{"tags":{"Aws:k":"v"}}"#,
            ["Value 'Aws:k' at 'tags' \(satisfy) Keys must not begin with 'aws:'"]
        ),
        (
            #"{"tags":{"":"v","k":"$"}}"#,
            [
                "Value '' at 'tags' \(satisfy) Member must have length greater than or equal to 1",
                "Value '$' at 'tags.k' \(satisfy) Member must satisfy regular expression pattern: "
                    + #"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$"#,
            ]
        ),
    ])
    func aBrokenBodyIsNamed(body: String, messages: [String]) {
        let error = #expect(throws: GreengrassError.self) {
            try input("POST", "/greengrass/v2/createComponentVersion", body: body)
        }
        #expect(error?.fields.map(\.message) == messages)
        let noun = messages.count == 1 ? "error" : "errors"
        #expect(
            error?.message == "\(messages.count) validation \(noun) detected: "
                + messages.joined(separator: "; "))
    }

    @Test(arguments: [
        (
            "maxResults", "0",
            "Value '0' at 'maxResults' \(satisfy) Member must have value greater than or equal "
                + "to 1"
        ),
        (
            "maxResults", "101",
            "Value '101' at 'maxResults' \(satisfy) Member must have value less than or equal to "
                + "100"
        ),
        ("maxResults", "x", "Value at 'maxResults' \(satisfy) Member must be an integer"),
        (
            "scope", "ALL",
            "Value 'ALL' at 'scope' \(satisfy) Member must satisfy enum value set: [PRIVATE, "
                + "PUBLIC]"
        ),
    ])
    func aBrokenQueryIsNamed(name: String, value: String, message: String) {
        let error = #expect(throws: GreengrassError.self) {
            try input("GET", "/greengrass/v2/components", query: [(name, value)])
        }
        #expect(error?.fields.map(\.message) == [message])
        #expect(error?.fields.map(\.name) == [name])
    }

    @Test func tagKeysAreCountedAndNamedWithoutTheirPlace() throws {
        let path = "/tags/\(Self.arn)"
        let none = #expect(throws: GreengrassError.self) { try input("DELETE", path) }
        #expect(
            none?.fields.map(\.message)
                == ["Value at 'tagKeys' \(Self.satisfy) Member must not be null"])
        let bad = #expect(throws: GreengrassError.self) {
            try input("DELETE", path, query: [("tagKeys", "a"), ("tagKeys", "$")])
        }
        #expect(bad?.fields.map(\.name) == ["tagKeys"])
        let good = try input("DELETE", path, query: [("tagKeys", "a"), ("tagKeys", "b")])
        #expect(good.tagKeys == ["a", "b"] && good.text("resourceArn") == Self.arn)
    }

    @Test func anInputHasTheMembersOfItsShapeOnly() throws {
        let input = try input(
            "POST", "/greengrass/v2/createComponentVersion",
            body: #"{"inlineRecipe":"AQI=","clientToken":null,"tags":{"k":"v"},"Else":1}"#)
        #expect(Set(input.members.keys) == ["inlineRecipe", "tags"])
        #expect(input.bytes("inlineRecipe") == Data([1, 2]) && input.tags == ["k": "v"])
        #expect(throws: WireError.self) {
            try self.input("POST", "/greengrass/v2/createComponentVersion", body: "[]")
        }
    }
}
