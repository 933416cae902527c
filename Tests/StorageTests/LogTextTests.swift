import Base
import Testing

/// What callers say on a line of the log.
@Suite struct LogTextTests {
    @Test(arguments: [
        ("plain ünïcode 漢字", "plain ünïcode 漢字"),
        ("two\nlines\r\n", #"two\u{a}lines\u{d}\u{a}"#),
        ("\u{1B}[2J\u{7}\u{9B}31m\u{7F}", #"\u{1b}[2J\u{7}\u{9b}31m\u{7f}"#),
        ("a\u{2028}b\u{202E}c\u{200B}", #"a\u{2028}b\u{202e}c\u{200b}"#),
    ])
    func whatATerminalObeysIsEscaped(_ text: String, _ escaped: String) {
        #expect(LogText.escaped(text) == escaped)
        #expect(LogText.lines("a\n" + text) == "a\n" + LogText.lines(text))
    }
}
