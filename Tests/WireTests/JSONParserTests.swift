import FoundationEssentials
import Testing
import Wire

@Suite struct JSONParserTests {
    private func parsed(_ text: String) throws -> JSONValue {
        try JSONValue(parsing: Data(text.utf8))
    }

    @Test func everyKindOfValueIsRead() throws {
        let text = #"""
            {"a":[1,-0,2.0,2.5,1e2,-1.5E-1,9223372036854775807,9223372036854775808],
             "b" : {"c":true,"d":false,"e":null,"":[]}, "ä":"\"\\\/\b\f\n\r\té\ud83d\ude00"}
            """#
        #expect(
            try parsed(text)
                == .object([
                    "a": .array([
                        .integer(1), .integer(0), .integer(2), .number(2.5), .integer(100),
                        .number(-0.15), .integer(.max), .number(9_223_372_036_854_775_808),
                    ]),
                    "b": .object([
                        "c": .boolean(true), "d": .boolean(false), "e": .null, "": .array([]),
                    ]),
                    "ä": .string("\"\\/\u{8}\u{C}\n\r\té😀"),
                ]))
    }

    /// What the decoder of Foundation makes of the same text.
    @Test(arguments: [
        "0", "-1", "1.0", "1e3", "0.1", #""x""#, "[]", "{}", "[[1,2],[3]]", "1E400", "01", "+1",
        "1.",
        ".5", "1e", "-", "NaN", "Infinity", "nul", "tru", "[1,]", "[,]", #"{"a"}"#, #"{"a":}"#,
        #"{"a":1,}"#, #"{a:1}"#, #"{'a':1}"#, "[1 2]", "[1]]", "", " ", #""\x""#, #""\u12""#,
        #""\u+123""#, #""\ud800""#, #""a"#, "\"\u{1}\"", "// c\n1", " [ 1 ,\t2\r\n] ",
    ])
    func itAgreesWithFoundation(text: String) throws {
        let expected = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        #expect((try? parsed(text)) == expected)
    }

    @Test func whatIsNotUTF8IsRefused() {
        for bytes: [UInt8] in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0xFE, 0xFF]] {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Data(bytes)) }
        }
    }

    @Test(arguments: ["[", #"{"a":"#])
    func nestingHasABound(opening: String) throws {
        func nested(_ depth: Int) -> String {
            let closing = opening == "[" ? "]" : "}"
            let middle = opening == "[" ? "" : "1"
            return String(repeating: opening, count: depth) + middle
                + String(repeating: closing, count: depth)
        }
        _ = try parsed(nested(32))
        for depth in [33, 500, 1_000_000] {
            let error = #expect(throws: JSONError.self) { try parsed(nested(depth)) }
            #expect(error?.message.contains("deeper than 32") == true)
        }
    }

    @Test func theFirstOfTwoMembersCountsUnlessTwoAreRefused() throws {
        let text = #"{"a":[{"b":1,"\u0062":2}]}"#
        #expect(try parsed(text) == .object(["a": .array([.object(["b": .integer(1)])])]))
        let error = #expect(throws: JSONError.self) {
            try JSONValue(parsing: Data(text.utf8), refusesDoubledMembers: true)
        }
        #expect(error?.message.contains(#""b" stands twice"#) == true)
    }

    @Test func errorsNameThePlace() {
        let error = #expect(throws: JSONError.self) { try parsed(#"{"a": 1 "b": 2}"#) }
        #expect(error?.message == "a comma or a closing brace is missing (byte 9)")
    }
}
