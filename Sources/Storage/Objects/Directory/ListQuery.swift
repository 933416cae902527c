/// Which keys of a bucket a list shows.
package struct ListQuery: Sendable, Equatable {
    /// Keys must begin with these bytes; the empty text lists the whole bucket.
    package var prefix: String
    /// Keys that have this after the prefix are folded up to and including its first occurrence.
    package var delimiter: String?
    /// A key or a folded prefix; what comes at or before it is not shown.
    package var after: String?
    /// How many keys and folded prefixes together.
    package var limit: Int

    /// The default limit of 1,000 is the size of a page in S3.
    package init(
        prefix: String = "", delimiter: String? = nil, after: String? = nil, limit: Int = 1000
    ) {
        self.prefix = prefix
        self.delimiter = delimiter
        self.after = after
        self.limit = limit
    }
}

/// A page of a list. Objects and prefixes are each in the order of their UTF-8 bytes.
package struct ListPage: Sendable, Equatable {
    /// Objects whose keys were not folded into one of `prefixes`.
    package var objects: [StoredObject]
    /// Folded prefixes, each once and ending in the delimiter; empty without a delimiter.
    package var prefixes: [String]
    /// The `after` of the next page; nil when there is no more.
    package var next: String?

    /// An empty, last page by default.
    package init(objects: [StoredObject] = [], prefixes: [String] = [], next: String? = nil) {
        self.objects = objects
        self.prefixes = prefixes
        self.next = next
    }
}
