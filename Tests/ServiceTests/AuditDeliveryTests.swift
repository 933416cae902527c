import FoundationEssentials
import Glibc
import Logging
import ServiceLifecycle
import Storage
import TestSupport
import Testing

@testable import Service

@Suite struct AuditDeliveryTests {
    private let fixture: AuditFixture

    init() throws { fixture = try AuditFixture() }

    private func lines(_ range: Range<Int>, bytes: Int = 0) -> [Data] {
        range.map { AuditFixture.line("\($0)-", seconds: Double($0), bytes: bytes) }
    }

    @Test func whatWasAppendedGoesAsOneObjectAndOnlyOnce() async throws {
        let files = try fixture.files()
        let delivery = try fixture.delivery(files, host: "host.example")
        try await delivery.deliver()
        #expect(try await fixture.delivered().isEmpty)
        for line in lines(0..<3) { try files.append(line) }
        try await delivery.deliver()
        try await delivery.deliver()
        for line in lines(3..<5) { try files.append(line) }
        try await delivery.deliver()
        let objects = try await fixture.delivered()
        #expect(objects.map(\.bytes) == [lines(0..<3).joined, lines(3..<5).joined])
        #expect(
            objects[0].key.wholeMatch(
                of: /audit\/2026\/02\/02\/024000Z-host\.example-[0-9a-f]{8}-000001\.jsonl/) != nil)
        #expect(objects[1].key.contains("/024003Z-"))
        // The files are what they would be without a delivery.
        let file = try Data(contentsOf: URL(filePath: "\(fixture.directory)/audit.jsonl"))
        #expect(file == lines(0..<5).joined)
    }

    @Test(arguments: [FaultyObjectStore.Operation.put, .putAcknowledgement])
    func aFailedObjectIsTriedAgainUnderItsName(fault: FaultyObjectStore.Operation) async throws {
        let files = try fixture.files()
        let delivery = try fixture.delivery(files)
        try await fixture.objects.createBucket(AuditFixture.bucket)
        for line in lines(0..<3) { try files.append(line) }
        fixture.objects.fail(fault, times: 1)
        await #expect(throws: StorageError.self) { try await delivery.deliver() }
        let left = try await fixture.delivered().map(\.key)
        // More has come since, and the process is another one.
        for line in lines(3..<5) { try files.append(line) }
        try await fixture.delivery(try fixture.files(), host: "two").deliver()
        let objects = try await fixture.delivered()
        #expect(objects.map(\.bytes) == [lines(0..<3).joined, lines(3..<5).joined])
        #expect(fault == .put ? left.isEmpty : left == [objects[0].key])
        #expect(objects[0].key.contains("-one-") && objects[1].key.contains("-two-"))
    }

    @Test func aFileThatSomebodyCutIsNoTrap() async throws {
        let files = try fixture.files()
        let delivery = try fixture.delivery(files)
        for line in lines(0..<3) { try files.append(line) }
        try await delivery.deliver()
        for line in lines(3..<5) { try files.append(line) }
        fixture.objects.fail(.put, times: 1)
        await #expect(throws: StorageError.self) { try await delivery.deliver() }
        let path = "\(fixture.directory)/audit.jsonl"
        try lines(0..<1).joined.write(to: URL(filePath: path))
        let again = try fixture.files()
        try again.append(lines(5..<6).joined)
        try await fixture.delivery(again).deliver()
        let objects = try await fixture.delivered()
        let left = lines(0..<1).joined + lines(5..<6).joined
        #expect(Set(objects.map(\.bytes)) == [lines(0..<3).joined, left])
    }

    @Test func linesOfBeforeTheFirstDeliveryGoToo() async throws {
        let plain = try fixture.files(fileBytesMax: 200, isDelivered: false)
        for line in lines(0..<6) { try plain.append(line) }
        #expect(AuditFiles.numbers(in: fixture.directory) == [0, 1, 2])
        let left = AuditFiles.numbers(in: fixture.directory).reversed().map {
            FileManager.default.contents(atPath: AuditFiles.path(fixture.directory, $0)) ?? Data()
        }
        try await fixture.delivery(try fixture.files()).deliver()
        #expect(try await fixture.delivered().map(\.bytes).joined == left.joined)
    }

    @Test func filesStayUntilTheyWereDelivered() async throws {
        let files = try fixture.files(fileBytesMax: 200, filesMax: 2)
        let delivery = try fixture.delivery(files)
        for line in lines(0..<25) { try files.append(line) }
        #expect(AuditFiles.numbers(in: fixture.directory).count > 10)
        try await delivery.deliver()
        #expect(try await fixture.delivered().map(\.bytes).joined == lines(0..<25).joined)
        for line in lines(25..<30) {
            try files.append(line)
            try await delivery.deliver()
        }
        #expect(AuditFiles.numbers(in: fixture.directory) == [0, 1])
        #expect(try await fixture.delivered().map(\.bytes).joined == lines(0..<30).joined)
    }

    @Test func aBucketThatIsAwayForEverDoesNotFillTheDisk() async throws {
        let files = try fixture.files(fileBytesMax: 1, filesMax: 2)
        let delivery = try fixture.delivery(files)
        for line in lines(0..<100) { try files.append(line) }
        let kept = 2 * Limits.auditBacklogFactor
        #expect(AuditFiles.numbers(in: fixture.directory).count == kept)
        try await delivery.deliver()
        #expect(
            try await fixture.delivered().map(\.bytes).joined == lines((100 - kept)..<100).joined)
    }

    @Test func objectsAreBoundedInBytesAndTime() async throws {
        let files = try fixture.files()
        let all = lines(0..<100, bytes: 60_000)
        for line in all { try files.append(line) }
        let late = AuditFixture.line("late", seconds: 100 + Limits.auditObjectSeconds)
        let early = AuditFixture.line("early", seconds: -100)
        for line in [late, early] { try files.append(line) }
        try await fixture.delivery(files).deliver()
        // That of the clock that was put back comes first.
        let objects = try await fixture.delivered()
        #expect(objects.map(\.bytes).joined == ([early] + all + [late]).joined)
        #expect(objects.count == 5)
        #expect(objects.allSatisfy { $0.bytes.count <= Limits.auditObjectBytesMax })
        #expect(objects.allSatisfy { $0.bytes.last == UInt8(ascii: "\n") })
    }

    @Test func aLineThatACrashHasCutIsNotJoinedToTheNext() async throws {
        let whole = lines(0..<2)
        do {
            let files = try fixture.files()
            try files.append(whole[0])
            try files.append(Data(whole[1].prefix(30)))
            try await fixture.delivery(files).deliver()
        }
        #expect(try await fixture.delivered().map(\.bytes) == [whole[0]])
        let left = "\(fixture.directory)/.spotter-1"
        try Data("{".utf8).write(to: URL(filePath: left))
        let files = try fixture.files()
        try files.append(whole[1])
        try await fixture.delivery(files).deliver()
        let cut = whole[1].prefix(30) + [UInt8(ascii: "\n")]
        #expect(try await fixture.delivered().map(\.bytes).joined == whole[0] + cut + whole[1])
        #expect(!FileManager.default.fileExists(atPath: left))
    }

    @Test(.timeLimit(.minutes(10))) func linesAreDeliveredWhileTheProcessLivesAndBeforeItEnds()
        async throws
    {
        let files = try fixture.files()
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: try fixture.delivery(files, host: "quick", clock: HastyClock()))
                ], logger: fixture.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try files.append(lines(0..<1).joined)
            for _ in 0..<3000 {
                if try await !fixture.delivered().isEmpty { break }
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await fixture.delivered().map(\.bytes) == [lines(0..<1).joined])
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        // With a pause that does not end it is the end that delivers.
        let clock = HeldClock()
        let last = ServiceGroup(
            configuration: .init(
                services: [.init(service: try fixture.delivery(files, clock: clock))],
                logger: fixture.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await last.run() }
            await clock.sleeperCame()
            try files.append(lines(1..<2).joined)
            await last.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(try await fixture.delivered().map(\.bytes).joined == lines(0..<2).joined)
    }

    /// Appends, deliveries and crashes at every point of one, in a random order.
    @Test(arguments: 0..<8) func nothingIsLostAndNothingDeliveredTwice(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        var appended: [Data] = []
        var objects: [AuditQueue.Piece] = []
        var files = try fixture.files(fileBytesMax: 400, filesMax: 2)
        var queue = AuditQueue(
            files, source: AuditFixture.source("0"), logger: fixture.logger)

        func put(_ piece: AuditQueue.Piece) {
            if let known = objects.first(where: { $0.key == piece.key }) {
                #expect(known == piece, "seed \(seed)")
            } else {
                objects.append(piece)
            }
        }
        for step in 0..<300 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6 where AuditFiles.numbers(in: fixture.directory).count < 30:
                let line = AuditFixture.line(
                    "\(step)-", seconds: Double(step) * 90,
                    bytes: Int.random(in: 0..<150, using: &random))
                try files.append(line)
                appended.append(line)
            case 6:
                _ = try queue.next(now: AuditFixture.start)
            case 7:
                if let piece = try queue.next(now: AuditFixture.start) { put(piece) }
            case 8:
                files = try fixture.files(fileBytesMax: 400, filesMax: 2)
                queue = AuditQueue(
                    files, source: AuditFixture.source("\(step)"), logger: fixture.logger)
            default:
                while let piece = try queue.next(now: AuditFixture.start) {
                    put(piece)
                    try queue.delivered()
                }
            }
        }
        while let piece = try queue.next(now: AuditFixture.start) {
            put(piece)
            try queue.delivered()
        }
        #expect(objects.map(\.bytes).joined == appended.joined, "seed \(seed)")
        #expect(objects.count > 5)
    }
}

/// SplitMix64.
private struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
