import FoundationEssentials
import Glibc
import Storage
import TestSupport
import Testing

@Suite struct DirectoryListTests {
    private enum Item: Equatable {
        case key(String)
        case prefix(String)

        var text: String {
            switch self {
            case .key(let text), .prefix(let text): text
            }
        }
    }

    /// A list as one writes it who has all keys in memory.
    private static func expected(_ keys: [String], _ query: ListQuery) -> [Item] {
        let sorted = keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var items: [Item] = []
        for key in sorted where key.utf8.starts(with: query.prefix.utf8) {
            if let after = query.after, !after.utf8.lexicographicallyPrecedes(key.utf8) { continue }
            let bytes = Array(key.utf8)
            let delimiter = Array((query.delimiter ?? "").utf8)
            let start = query.prefix.utf8.count
            let found =
                delimiter.isEmpty
                ? nil
                : (start..<max(start, bytes.count)).first { bytes[$0...].starts(with: delimiter) }
            guard let found else {
                items.append(.key(key))
                continue
            }
            let prefix = String(decoding: bytes[..<(found + delimiter.count)], as: UTF8.self)
            if prefix != query.after, items.last != .prefix(prefix) {
                items.append(.prefix(prefix))
            }
        }
        return items
    }

    private static func items(_ page: ListPage) -> [Item] {
        (page.objects.map { Item.key($0.key) } + page.prefixes.map(Item.prefix))
            .sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
    }

    private static func word(_ random: inout SeededRandom, _ lengths: ClosedRange<Int>) -> String {
        let letters = ["a", "b", "-", "/", "é", "0", ".", "/", "ab"]
        return (0..<Int.random(in: lengths, using: &random))
            .map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] }.joined()
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func pagesAreThoseOfAListInMemory(seed: UInt64) async throws {
        let fixture = try await DirectoryFixture()
        var random = SeededRandom(seed: seed)
        var keys: Set<String> = []
        for _ in 0..<60 {
            let key = Self.word(&random, 1...7)
            do {
                try await fixture.upload(key, Data())
                keys.insert(key)
            } catch let error as StorageError where error.code == .invalidName {
                // No key, or a folder and an object of one name.
            }
        }
        #expect(keys.count > 8)
        for _ in 0..<150 {
            var query = ListQuery(prefix: Self.word(&random, 0...2))
            query.delimiter =
                [nil, "/", "/", "-", "é", "b/", "b", ""].randomElement(using: &random)
                ?? nil
            if Bool.random(using: &random) { query.after = Self.word(&random, 1...3) }
            if Int.random(in: 0..<4, using: &random) == 0 {
                query.after = keys.sorted().randomElement(using: &random)
            }
            query.limit = Int.random(in: 1...5, using: &random)
            let all = Self.expected(Array(keys), query)
            var found: [Item] = []
            let first = query
            while true {
                let page = try await fixture.store.page(DirectoryFixture.bucket, query)
                let items = Self.items(page)
                #expect(page.next == nil || items.count == query.limit)
                found += items
                guard let next = page.next, found.count <= all.count else { break }
                query.after = next
            }
            #expect(found == all, "seed \(seed), \(first)")
        }
    }

    @Test func aThousandKeysOfManyAreAPage() async throws {
        let fixture = try await DirectoryFixture()
        let keys = (0..<3000).map { "set/\($0 % 7)/\($0).png" }
        for key in keys { try fixture.place(key) }
        var query = ListQuery(prefix: "set/")
        var found: [String] = []
        var pages = 0
        while true {
            let page = try await fixture.store.page(DirectoryFixture.bucket, query)
            found += page.objects.map(\.key)
            pages += 1
            guard let next = page.next else { break }
            query.after = next
        }
        #expect(pages == 3)
        #expect(found == keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        let folded = try await fixture.store.page(
            DirectoryFixture.bucket, ListQuery(prefix: "set/", delimiter: "/", limit: 7))
        #expect(folded.prefixes == (0..<7).map { "set/\($0)/" })
        #expect(folded.objects.isEmpty && folded.next == nil)
    }

    @Test func emptyFoldersAndLinksThatLeaveAreNotListed() async throws {
        let fixture = try await DirectoryFixture()
        try FileManager.default.createDirectory(
            atPath: "\(fixture.path)/empty/er", withIntermediateDirectories: true)
        try fixture.place("in/file", Data([1, 2]))
        try FileManager.default.createSymbolicLink(
            atPath: "\(fixture.path)/inner", withDestinationPath: "\(fixture.path)/in/file")
        try FileManager.default.createSymbolicLink(
            atPath: "\(fixture.path)/outer", withDestinationPath: fixture.root)
        try FileManager.default.createSymbolicLink(
            atPath: "\(fixture.path)/password", withDestinationPath: "/etc/passwd")
        let page = try await fixture.store.page(DirectoryFixture.bucket, ListQuery())
        #expect(page.objects.map(\.key) == ["in/file", "inner"])
        #expect(page.objects.map(\.size) == [2, 2])
        let folded = try await fixture.store.page(
            DirectoryFixture.bucket, ListQuery(delimiter: "/"))
        #expect(folded.prefixes == ["in/"])
        #expect(folded.objects.map(\.key) == ["inner"])
        #expect(
            try await fixture.store.page(DirectoryFixture.bucket, ListQuery(limit: 0))
                == ListPage())
    }

    @Test func namesThatXMLCannotCarryAreLeftOutAndNamedOnceInTheLog() async throws {
        let fixture = try await DirectoryFixture()
        let log = LogLines()
        let store = try DirectoryStore(
            root: "\(fixture.root)/buckets", pool: fixture.pool, logger: log.logger)
        for key in ["a\u{1}b", "bell\u{7}/in", "tab\tand\nline", "\u{FFFE}", "x\u{FFFF}y", "z"] {
            try fixture.place(key)
        }
        let file = Glibc.creat(
            Array("\(fixture.path)/m".utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0], 0o644)
        try #require(file >= 0)
        Glibc.close(file)
        for _ in 0..<3 {
            let page = try await store.page(DirectoryFixture.bucket, ListQuery())
            #expect(page.objects.map(\.key) == ["tab\tand\nline", "z"])
            let folded = try await store.page(DirectoryFixture.bucket, ListQuery(delimiter: "/"))
            #expect(folded.prefixes.isEmpty)
            let listed = try await store.list(
                DirectoryFixture.bucket, prefix: "", after: nil, limit: 9)
            #expect(listed.map(\.key) == ["tab\tand\nline", "z"])
        }
        let lines = log.all
        #expect(lines.count == 5)
        for name in ["a\\u{1}b", "bell\\u{7}/", "\u{FFFE}", "x\u{FFFF}y", "m\u{FFFD}"] {
            #expect(lines.filter { $0.contains("'s3://photos/\(name)'") }.count == 1, "\(name)")
        }
        #expect(lines.allSatisfy { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } })
    }

    @Test func theLogNamesABoundedNumberOfFiles() async throws {
        let fixture = try await DirectoryFixture()
        let log = LogLines()
        let store = try DirectoryStore(
            root: "\(fixture.root)/buckets", pool: fixture.pool, logger: log.logger)
        for index in 0..<(DirectoryLimits.unlistedNamesMax + 20) {
            try fixture.place("\u{1}\(index)")
        }
        let page = try await store.page(DirectoryFixture.bucket, ListQuery())
        #expect(page == ListPage())
        #expect(log.all.count == DirectoryLimits.unlistedNamesMax)
    }

    @Test func aFolderOnlyOfNamesThatNoListShowsHasNoPrefix() async throws {
        let fixture = try await DirectoryFixture()
        try fixture.place("bad/\u{1}")
        try fixture.place("good/\u{1}")
        try fixture.place("good/deep/x")
        let page = try await fixture.store.page(
            DirectoryFixture.bucket, ListQuery(delimiter: "/"))
        #expect(page.prefixes == ["good/"])
    }
}
