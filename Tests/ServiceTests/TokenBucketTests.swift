import FoundationEssentials
import Service
import TestSupport
import Testing

@Suite struct TokenBucketTests {
    private let start = Date(timeIntervalSince1970: 1_770_000_000)

    /// Requests that are allowed when one comes every hundredth of a second.
    private func allowed(
        seconds: Int, from offset: Int = 0, _ bucket: inout TokenBucket,
        share: (Int) -> Double
    ) -> Int {
        (offset * 100..<(offset + seconds) * 100).count { step in
            bucket.take(
                perSecond: share(step / 100), now: start.addingTimeInterval(Double(step) / 100))
        }
    }

    // The first requests find a full bucket.
    @Test(arguments: [
        (1.0, 31), (5.0, 155), (20.0, 620), (1.0 / 3, 11), (2.5, 77), (0.01, 1),
    ])
    func aShareIsWhatIsAllowed(share: Double, requests: Int) {
        var bucket = TokenBucket(perSecond: share, now: start)
        let count = allowed(seconds: 30, &bucket) { _ in share }
        // One may come a hundredth of a second too early for the last one.
        #expect((requests - 1...requests).contains(count))
    }

    @Test func threeServersAllowTogetherWhatOneWould() {
        var buckets = [TokenBucket](repeating: TokenBucket(perSecond: 20 / 3, now: start), count: 3)
        var count = 0
        for index in buckets.indices {
            count += allowed(seconds: 60, &buckets[index]) { _ in 20.0 / 3 }
        }
        #expect((1197...1220).contains(count))
    }

    @Test func atMostOneSecondsShareIsSaved() {
        for (share, burst) in [(5.0, 5), (0.25, 1)] {
            var bucket = TokenBucket(perSecond: share, now: start)
            let later = start.addingTimeInterval(3600)
            let count = (0..<100).count { _ in bucket.take(perSecond: share, now: later) }
            #expect(count == burst)
        }
    }

    @Test func aShareThatChangesCountsAtOnce() {
        var bucket = TokenBucket(perSecond: 20, now: start)
        // Another server came: what was saved beyond its share is gone.
        let saved = (0..<100).count { _ in bucket.take(perSecond: 10, now: start) }
        #expect(saved == 10)
        let count = allowed(seconds: 10, from: 1, &bucket) { $0 < 6 ? 10 : 20 }
        #expect((50 + 100 - 10...50 + 100 + 11).contains(count))
    }

    @Test func aClockThatIsPutBackGivesNothingAndTakesNothing() {
        var bucket = TokenBucket(perSecond: 1, now: start)
        let taken = [0.0, -60, -59].map {
            bucket.take(perSecond: 1, now: start.addingTimeInterval($0))
        }
        #expect(taken == [true, false, true])
    }
}
