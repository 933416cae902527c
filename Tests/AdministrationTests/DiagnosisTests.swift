import Administration
import FoundationEssentials
import Service
import Storage
import Testing

@Suite struct DiagnosisTests {
    private static let now = Date(timeIntervalSince1970: 1_770_000_000)

    @Test(arguments: [
        (0.2, 0.0, Finding.Level.ok), (-0.9, 0.1, .ok), (1.0, 0.0, .warning), (-4.9, 0, .warning),
        (5.0, 0.0, .failed), (-300, 0.5, .failed),
        // A slow answer excuses as much as it took.
        (5.4, 0.5, .warning), (1.4, 0.5, .ok), (30, 40, .ok),
    ])
    func clocksThatDifferAreTold(seconds: Double, uncertainty: Double, level: Finding.Level) {
        let finding = Diagnosis.clock(
            of: "the database", aheadBy: seconds, uncertainty: uncertainty)
        #expect(finding.level == level)
        #expect((finding.remedy == nil) == (level == .ok))
        if level != .ok {
            #expect(finding.text.contains(seconds > 0 ? "ahead of" : "behind"))
        }
    }

    @Test(arguments: [
        (1 << 40, Finding.Level.ok), (5 << 30, .ok), (5 << 30 - 1, .warning), (512 << 20, .warning),
        (512 << 20 - 1, .failed), (0, .failed),
    ])
    func aDiskThatFillsUpIsTold(free: Int, level: Finding.Level) {
        #expect(Diagnosis.space(freeBytes: free, at: "/data").level == level)
    }

    @Test func aSlowDatabaseIsTold() {
        #expect(Diagnosis.roundTrip(milliseconds: 0.2).level == .ok)
        #expect(Diagnosis.roundTrip(milliseconds: 80).level == .warning)
    }

    private static func member(
        _ role: MemberRecord.Role, _ kinds: [String], version: String = "1.0"
    ) -> MemberRecord {
        MemberRecord(
            id: UUID(), role: role, host: "h", version: version, kinds: kinds, places: 2,
            started: now)
    }

    @Test func mixedVersionsAndNobodyAtAllAreTold() {
        let (server, worker) = (Self.member(.server, []), Self.member(.worker, ["train"]))
        #expect(Diagnosis.members([server, worker], version: "1.0").map(\.level) == [.ok])
        #expect(Diagnosis.members([server, worker], version: "1.1").map(\.level) == [.warning])
        let newer = Self.member(.worker, ["train"], version: "1.1")
        let mixed = Diagnosis.members([server, newer], version: "1.0")
        #expect(mixed.map(\.level) == [.warning] && mixed[0].text.contains("worker 1.1"))
        #expect(Diagnosis.members([], version: "1.0").map(\.level) == [.warning])
    }

    private static func levels(
        counts: [JobCount] = [], running: [JobRecord] = [], failed: [JobRecord] = [],
        members: [MemberRecord] = []
    ) -> [String: Finding.Level] {
        let findings = Diagnosis.jobs(
            counts: counts, running: running, failed: failed, members: members, now: now)
        return Dictionary(uniqueKeysWithValues: findings.map { ($0.check, $0.level) })
    }

    @Test func jobsThatNobodyDoesAreAFailureOnlyWhereSomebodyIsAlive() {
        let waiting = JobCount(kind: "train", state: .queued, count: 3, oldest: Self.now)
        let packer = Self.member(.worker, ["package"])
        #expect(Self.levels(counts: [waiting], members: [packer])["kinds of jobs"] == .failed)
        #expect(Self.levels(counts: [waiting])["kinds of jobs"] == nil)
        let trainer = Self.member(.worker, ["train"])
        #expect(Self.levels(counts: [waiting], members: [packer, trainer])["kinds of jobs"] == nil)
        let done = JobCount(kind: "train", state: .running, count: 3, oldest: Self.now)
        #expect(Self.levels(counts: [done], members: [packer])["kinds of jobs"] == nil)
    }

    @Test func jobsThatWaitLongAreTold() {
        func level(waiting seconds: Double) -> Finding.Level? {
            let oldest = Self.now.addingTimeInterval(-seconds)
            let count = JobCount(kind: "train", state: .queued, count: 1, oldest: oldest)
            return Self.levels(counts: [count])["queue"]
        }
        #expect(level(waiting: 30) == .ok && level(waiting: 3599) == .ok)
        #expect(level(waiting: 3600) == .warning)
        // One that rests until later waits for nobody.
        #expect(level(waiting: -60) == .ok)
        #expect(Self.levels()["queue"] == .ok)
    }

    @Test func jobsThatLostTheirWorkerAreTold() {
        var job = JobRecord(id: UUID(), kind: "train", subject: Data(), created: Self.now)
        job.state = .running
        job.leaseExpiry = Self.now.addingTimeInterval(-Limits.leaseSeconds - 1)
        #expect(Self.levels(running: [job])["leases"] == .warning)
        job.leaseExpiry = Self.now.addingTimeInterval(-1)
        #expect(Self.levels(running: [job])["leases"] == .ok)
    }

    @Test func failedJobsAreToldInOneLineWithWhatTheyWereAbout() throws {
        var job = try JobSubject.train(project: "parts", version: 3).record(created: Self.now)
        job.lastError = "first line\nsecond line " + String(repeating: "x", count: 5_000)
        let findings = Diagnosis.jobs(
            counts: [], running: [], failed: Array(repeating: job, count: 9), members: [],
            now: Self.now)
        let finding = try #require(findings.first { $0.check == "failed jobs" })
        #expect(finding.level == .warning && finding.text.contains("9 in the last day"))
        #expect(finding.text.contains("train parts/3: first line second line"))
        #expect(finding.text.contains("and 4 more"))
        #expect(!finding.text.contains("\n") && finding.text.count <= 1_001)
    }

    @Test func hostedModelsWithoutFilesAreAFailure() {
        #expect(Diagnosis.hosted(without: [], of: 3).level == .ok)
        let finding = Diagnosis.hosted(without: (1...7).map { "p/\($0)" }, of: 9)
        #expect(finding.level == .failed && finding.text.contains("7 of 9"))
        #expect(finding.text.contains("p/5 and 2 more"))
    }
}
