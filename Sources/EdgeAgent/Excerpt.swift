extension String {
    /// What messages repeat of a text that somebody sent: at most 200 bytes. A count of characters
    /// would be no bound, as one character may have millions of combining marks.
    var excerpt: String { String(decoding: utf8.prefix(200), as: UTF8.self) }
}
