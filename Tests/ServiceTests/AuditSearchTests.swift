import FoundationEssentials
import Storage
import Testing
import Wire

@testable import Service

/// The console's search of the audit log.
@Suite struct AuditSearchTests {
    private let fixture: AuditFixture

    init() throws { fixture = try AuditFixture() }

    private func names(_ lines: [JSONValue]) -> [String] {
        lines.compactMap { $0.object?["id"]?.string }
    }

    private func query(sinceSeconds: Double = 0, text: String = "") -> AuditSearch.Query {
        AuditSearch.Query(since: AuditFixture.start.addingTimeInterval(sinceSeconds), text: text)
    }

    @Test(arguments: [false, true])
    func theNewestLinesAreFoundWhereverTheyAre(isDelivered: Bool) async throws {
        // A line an hour, two a file.
        let lines = (0..<40).map { AuditFixture.line("n\($0)", seconds: Double($0) * 3_600) }
        let files = try fixture.files(fileBytesMax: 250, filesMax: 50, isDelivered: isDelivered)
        for line in lines { try files.append(line) }
        var place = AuditSearch.Place.directory(fixture.directory)
        if isDelivered {
            let delivery = try fixture.delivery(files)
            try await delivery.deliver()
            place = .bucket(fixture.objects, name: AuditFixture.bucket)
        }
        let search = AuditSearch(place, pool: fixture.pool)
        let now = AuditFixture.start.addingTimeInterval(40 * 3_600)
        for limit in [1, 2, 3, 7, 39, 40, 41] {
            let found = try await search.newest(query(), limit: limit, now: now)
            let expected = (0..<40).reversed().prefix(limit).map { "n\($0)" }
            #expect(names(found.lines) == expected)
            #expect(found.hasMore == (limit < 40))
        }
        let some = try await search.newest(query(text: "n1"), limit: 20, now: now)
        #expect(names(some.lines) == (10..<20).reversed().map { "n\($0)" } + ["n1"])
        #expect(!some.hasMore)
        let late = try await search.newest(query(sinceSeconds: 38 * 3_600), limit: 9, now: now)
        #expect(names(late.lines) == ["n39", "n38"])
    }

    /// The page of the newest lines read and parsed a file of 64 MiB to its end.
    @Test func linesThatAreNotNeededAreNotRead() throws {
        let files = try fixture.files(fileBytesMax: 250, filesMax: 50, isDelivered: false)
        for number in 0..<40 {
            try files.append(AuditFixture.line("n\(number)", seconds: Double(number)))
        }
        var read: [JSONValue] = []
        try AuditReader(since: nil, until: nil).readNewestFirst(directory: fixture.directory) {
            read.append(try JSONValue(parsing: $0))
            return read.count < 3
        }
        #expect(names(read) == ["n39", "n38", "n37"])
        // The files were written long before.
        let later = Date().addingTimeInterval(3_600)
        try AuditReader(since: later, until: nil).readNewestFirst(directory: fixture.directory) {
            _ in
            Issue.record("a line was read")
            return true
        }
    }

    /// Pieces of a file end anywhere in a line, and a line may be longer than a piece.
    @Test func aFileReadFromItsEndHasAllItsLines() throws {
        let files = try fixture.files(isDelivered: false)
        let lines = (0..<60).map { number in
            AuditFixture.line(
                "n\(number)-", seconds: Double(number),
                bytes: number % 20 == 7 ? 300_000 : number * 401)
        }
        for line in lines { try files.append(line) }
        let path = AuditFiles.path(fixture.directory, 0)
        var read: [Data] = []
        func readAll() throws {
            read = []
            try AuditReader(since: nil, until: nil).readNewestFirst(directory: fixture.directory) {
                read.append($0)
                return true
            }
        }
        try readAll()
        #expect(read == lines.reversed())
        // A line that is being written is not one yet.
        let whole = try Data(contentsOf: URL(filePath: path))
        try (whole + lines[8].dropLast()).write(to: URL(filePath: path))
        try readAll()
        #expect(read == lines.reversed())
    }
}
