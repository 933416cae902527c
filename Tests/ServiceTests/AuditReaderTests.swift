import FoundationEssentials
import Glibc
import Storage
import TestSupport
import Testing

@testable import Service

@Suite struct AuditReaderTests {
    private let fixture: AuditFixture

    init() throws { fixture = try AuditFixture() }

    private func put(_ lines: [Data], of host: String, sequence: Int = 1) async throws {
        if try await !fixture.objects.bucketExists(AuditFixture.bucket) {
            try await fixture.objects.createBucket(AuditFixture.bucket)
        }
        let time = try #require(AuditLine.time(of: lines[0]))
        let key = AuditKey.key(time, AuditFixture.source(host), sequence: sequence)
        try await fixture.objects.put(
            .bytes(lines.joined), at: ObjectLocation(bucket: AuditFixture.bucket, key: key))
    }

    @Test func linesOfAllServersComeInTheOrderOfTime() async throws {
        let lines = (0..<300).map { AuditFixture.line("\($0)", seconds: Double($0) * 7) }
        // Three servers took the calls in turns, and delivered twelve of them at a time.
        for server in 0..<3 {
            let own = stride(from: server, to: 300, by: 3).map { lines[$0] }
            for index in stride(from: 0, to: own.count, by: 12) {
                try await put(
                    Array(own[index..<min(index + 12, own.count)]), of: "host\(server)",
                    sequence: index)
            }
        }
        #expect(try await fixture.read() == lines.joined)
        #expect(
            try await fixture.read(since: 700, until: 1400) == lines[100..<200].map(\.self).joined)
        #expect(try await fixture.read(since: 2093) == lines[299])
        #expect(try await fixture.read(until: 7) == lines[0])
        #expect(try await fixture.read(since: 5000).isEmpty)
    }

    @Test func whatBeganLongAgoIsFoundAndOtherObjectsAreLeftAlone() async throws {
        let lines = [0, 890, 892].map { AuditFixture.line("\($0)", seconds: $0) }
        try await put(lines, of: "one")
        try await fixture.objects.put(
            .bytes(Data("no audit\n".utf8)),
            at: ObjectLocation(bucket: AuditFixture.bucket, key: "audit/2026/02/02/notes.jsonl"))
        #expect(try await fixture.read(since: 891) == lines[2])
        #expect(try await fixture.read() == lines.joined)
    }

    @Test func linesThatAreOutOfOrderOrCutStayWithTheirServer() async throws {
        let own = [
            AuditFixture.line("a", seconds: 10), AuditFixture.line("b", seconds: 9),
            Data("{\"cut\n".utf8), AuditFixture.line("d", seconds: 20),
        ]
        let other = [AuditFixture.line("x", seconds: 9), AuditFixture.line("y", seconds: 15)]
        try await put(own, of: "own")
        try await put(other, of: "other")
        #expect(
            try await fixture.read()
                == [other[0], own[0], own[1], own[2], other[1], own[3]].joined)
        #expect(try await fixture.read(until: 10) == [other[0], own[1], own[2]].joined)
    }

    @Test func deliveredLinesAreReadBack() async throws {
        let lines = (0..<50).map { AuditFixture.line("\($0)", seconds: Double($0) * 60) }
        let files = try fixture.files(fileBytesMax: 1000)
        let delivery = try fixture.delivery(files)
        for (index, line) in lines.enumerated() {
            try files.append(line)
            if index % 8 == 7 { try await delivery.deliver() }
        }
        try await delivery.deliver()
        #expect(try await fixture.read() == lines.joined)
        #expect(
            try await fixture.read(since: 1200, until: 1800) == lines[20..<30].map(\.self).joined)
    }

    @Test func aFolderIsReadFromItsOldestFileOnWhileItIsWritten() throws {
        let lines = (0..<40).map { AuditFixture.line("\($0)", seconds: Double($0)) }
        let files = try fixture.files(fileBytesMax: 300, filesMax: 50, isDelivered: false)
        for line in lines[..<30] { try files.append(line) }
        var read = Data()
        var more = lines[30...].makeIterator()
        try AuditReader(since: nil, until: nil).read(directory: fixture.directory) { line in
            read += line
            // Files get other names under the reader.
            if let line = more.next() { try files.append(line) }
        }
        #expect(read.starts(with: lines[..<30].map(\.self).joined))
        var all = Data()
        try AuditReader(since: AuditFixture.start.addingTimeInterval(1), until: nil)
            .read(directory: fixture.directory) { all += $0 }
        #expect(all == lines[1...].map(\.self).joined)
    }

    @Test func aLineThatIsBeingWrittenIsLeftForNextTime() throws {
        let files = try fixture.files(isDelivered: false)
        let line = AuditFixture.line("a")
        try files.append(line + line.prefix(40))
        var read = Data()
        try AuditReader(since: nil, until: nil).read(directory: fixture.directory) { read += $0 }
        #expect(read == line)
    }

    @Test(arguments: ["2026-02-02T02:40:00Z", "1999-12-31T23:59:59Z"])
    func keysTellTheTimeOfTheFirstLine(time: String) {
        let key = AuditKey.key(time, AuditFixture.source("a-b.c_d"), sequence: 12)
        #expect(AuditKey.time(of: key) == time)
        #expect(AuditLine.date(time).map(AuditLine.text) == time)
        #expect(key > AuditKey.start(time))
    }

    @Test(arguments: [
        "audit/2026/02/02/024000Z.json", "audit/2026/02/024000Z-a-b-1.jsonl", "models/x.jsonl",
        "audit/2026/02/02/02400Z-a-b-1.jsonl", "audit/2026/02/02/0x4000Z-a-b-1.jsonl",
        "audit//02/02/024000Z-a-b-1.jsonl", "audit/",
    ])
    func otherKeysAreNone(key: String) { #expect(AuditKey.time(of: key) == nil) }

    @Test func theNameOfTheMachineIsFitForAKey() {
        #expect(AuditSource.hostName.wholeMatch(of: /[A-Za-z0-9._-]{1,63}/) != nil)
    }
}
