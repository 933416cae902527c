import FoundationEssentials
import Service
import Storage
import Testing

@Suite struct JobStateTests {
    private let start = Date(timeIntervalSince1970: 1_770_000_000)
    private let owner = UUID()

    private func job() -> JobRecord {
        JobRecord(id: UUID(), kind: "train", subject: Data(), created: start)
    }

    @Test func aQueuedJobIsClaimedOnceItIsDue() {
        var job = job()
        job.notBefore = start.addingTimeInterval(5)
        #expect(!job.isClaimable(now: start))
        #expect(job.isClaimable(now: start.addingTimeInterval(5)))
        let claim = job.claim(by: owner, now: start.addingTimeInterval(5))
        #expect(claim == .run)
        #expect(job.state == .running && job.attempt == 1)
        #expect(job.isHeld(by: owner, attempt: 1))
        #expect(!job.isHeld(by: UUID(), attempt: 1))
    }

    @Test func aRunningJobIsLeftAloneUntilItsLeaseEnds() {
        var job = job()
        _ = job.claim(by: owner, now: start)
        #expect(!job.isClaimable(now: start.addingTimeInterval(Limits.leaseSeconds)))
        job.renew(now: start.addingTimeInterval(20))
        #expect(!job.isClaimable(now: start.addingTimeInterval(20 + Limits.leaseSeconds)))
        #expect(job.isClaimable(now: start.addingTimeInterval(21 + Limits.leaseSeconds)))
    }

    /// Jobs waited a day once the clock that had written their pauses was set right.
    @Test func noJobWaitsForAClockThatWasAhead() {
        let day: TimeInterval = 86_400
        var job = JobRecord(
            id: UUID(), kind: "train", subject: Data(), created: start.addingTimeInterval(day))
        #expect(job.isClaimable(now: start))
        _ = job.claim(by: owner, now: start.addingTimeInterval(day))
        #expect(job.isClaimable(now: start))
        let isQueued = job.retry(error: "e", now: start.addingTimeInterval(day), random: 1)
        #expect(isQueued && job.isClaimable(now: start))
        job.notBefore = start.addingTimeInterval(Limits.jobPauseSecondsMax)
        #expect(!job.isClaimable(now: start))
    }

    @Test func aWorkerThatComesBackFromAPauseHoldsNothing() {
        var job = job()
        _ = job.claim(by: owner, now: start)
        let late = start.addingTimeInterval(Limits.leaseSeconds + 1)
        // The same worker may claim it again; the attempt tells its two leases apart.
        _ = job.claim(by: owner, now: late)
        #expect(!job.isHeld(by: owner, attempt: 1))
        #expect(job.isHeld(by: owner, attempt: 2))
    }

    @Test func aJobThatNeverEndsIsGivenUp() {
        var job = job()
        var now = start
        var claims: [JobRecord.Claim] = []
        for _ in 0..<100 where claims.last != .giveUp {
            claims.append(job.claim(by: owner, now: now))
            now = max(now, job.leaseExpiry ?? job.notBefore).addingTimeInterval(1)
        }
        #expect(claims.count { $0 == .run } == Limits.jobInterruptionsMax)
        // The first interruptions are taken for chance, the others make it rest.
        #expect(Array(claims.prefix(4)) == [.run, .run, .run, .postponed])
        #expect(claims.last == .giveUp)
        #expect(now.timeIntervalSince(start) > 300)
    }

    @Test func aJobThatKillsItsWorkersRestsLongerEachTime() {
        var job = job()
        var now = start
        var rests: [TimeInterval] = []
        while rests.count < 4 {
            if job.claim(by: owner, now: now) == .postponed {
                #expect(job.state == .queued && !job.isClaimable(now: now))
                rests.append(job.notBefore.timeIntervalSince(now))
                now = job.notBefore
            } else {
                now = now.addingTimeInterval(Limits.leaseSeconds + 1)
            }
        }
        let first = Limits.interruptionPauseSeconds
        #expect(rests == [first, first * 2, first * 4, first * 8])
    }

    @Test func stoppingIsNoInterruption() {
        var job = job()
        for attempt in 1...20 {
            let claim = job.claim(by: owner, now: start)
            #expect(claim == .run)
            job.release(now: start)
            #expect(job.state == .queued && job.interruptions == 0 && job.leaseOwner == nil)
            // It names what the attempt wrote, so it is never used twice.
            #expect(job.attempt == attempt)
        }
    }

    @Test func aCancelledJobIsNobodysAnyMore() {
        var job = job()
        _ = job.claim(by: owner, now: start)
        job.cancel(reason: "The project was deleted.", now: start)
        #expect(!job.isHeld(by: owner, attempt: 1))
        #expect(job.state == .failed && job.lastError == "The project was deleted.")
        var finished = self.job()
        finished.complete(error: nil, now: start)
        finished.cancel(reason: "late", now: start)
        #expect(finished.state == .finished)
    }

    @Test func aPassingFailureIsTriedAgainLaterAndNotForEver() {
        var job = job()
        var now = start
        for failure in 1..<Limits.jobFailuresMax {
            _ = job.claim(by: owner, now: now)
            let isQueued = job.retry(error: "no store", now: now, random: 1)
            #expect(isQueued)
            #expect(job.lastError == "no store")
            #expect(!job.isClaimable(now: now))
            now = now.addingTimeInterval(Limits.jobRetrySeconds * Double(1 << (failure - 1)))
            #expect(job.isClaimable(now: now))
        }
        _ = job.claim(by: owner, now: now)
        let before = job
        let isQueued = job.retry(error: "no store", now: now, random: 1)
        #expect(!isQueued)
        #expect(job == before)
    }

    @Test func anEndedJobStaysEnded() {
        var finished = job()
        _ = finished.claim(by: owner, now: start)
        finished.complete(error: nil, now: start)
        #expect(finished.state == .finished)
        #expect(!finished.isClaimable(now: start.addingTimeInterval(1e6)))
        var failed = job()
        _ = failed.claim(by: owner, now: start)
        failed.complete(error: "why", now: start)
        #expect(failed.state == .failed && failed.lastError == "why")
        #expect(!failed.isHeld(by: owner, attempt: 1))
    }

    /// Random histories keep the rules: one holder at most, an end is final, attempts only grow,
    /// interruptions are bounded.
    @Test(arguments: [UInt64](1...50))
    func randomHistoriesKeepTheRules(seed: UInt64) {
        var random = SplitMix(state: seed)
        var job = job()
        var now = start
        var ended = false
        for _ in 0..<200 {
            now = now.addingTimeInterval(Double(Int.random(in: 0...40, using: &random)))
            if job.isClaimable(now: now) {
                #expect(!ended)
                let before = job
                let claim = job.claim(by: UUID(), now: now)
                #expect(job.attempt == before.attempt + (claim == .postponed ? 0 : 1))
                #expect(claim == .giveUp || before.interruptions < Limits.jobInterruptionsMax)
                if claim == .giveUp {
                    #expect(job.interruptions >= Limits.jobInterruptionsMax)
                    job.complete(error: "gave up", now: now)
                }
            } else if job.state == .running {
                switch Int.random(in: 0..<6, using: &random) {
                case 0: job.complete(error: nil, now: now)
                case 1: job.release(now: now)
                case 2: _ = job.retry(error: "x", now: now, random: 0)
                case 3: job.orphan(now: now)
                default: job.renew(now: now)
                }
            }
            ended = ended || job.state == .finished || job.state == .failed
            #expect((job.state == .running) == (job.leaseOwner != nil))
        }
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }
}
