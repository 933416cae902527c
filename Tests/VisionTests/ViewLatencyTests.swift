import TestSupport
import Testing

@testable import Vision

@Suite struct ViewLatencyTests {
    private static let image = PixelSize(width: 512, height: 512)

    private func inputs(by bound: Double?) throws -> [Int] {
        let views = FeatureView.candidates(for: Self.image, FilterBank())
        #expect(Set(views.map(\.input.width)) == [256, 512])
        return try ViewLatency.bounded(views, by: bound, runtime: Checkout.runtime.get())
            .map(\.input.width)
    }

    @Test func withoutABoundAndWithAWideOneAllViewsStay() throws {
        let all = try inputs(by: nil)
        #expect(all.contains(512))
        #expect(try inputs(by: Trainer.latencyMilliseconds.upperBound) == all)
    }

    /// No processor filters a quarter of a million pixels in 0.1 ms.
    @Test func aNarrowBoundLeavesTheSmallestView() throws {
        #expect(try inputs(by: Trainer.latencyMilliseconds.lowerBound) == [256])
    }

    @Test func aModelSaysThatItsBoundWasNotMet() throws {
        let bound = Trainer.latencyMilliseconds.lowerBound
        let trainer = try Trainer(
            runtime: Checkout.runtime.get(), extractor: FilterBank(), labels: [], threads: 2,
            seed: 1, latencyMillisecondsMax: bound)
        var pictures = ProductPictures(seed: 5, width: 512, height: 512)
        for index in 0..<6 {
            try trainer.add(
                TrainingSample(
                    name: "\(index)", image: pictures.next().image, isAnomalous: false, mask: nil))
        }
        let trained = try trainer.fit(progress: { _ in }, isCancelled: { false })
        #expect(trained.inputWidth == 256)
        #expect(trained.summary.latencyMillisecondsMax == bound)
        #expect((trained.summary.latencyMilliseconds ?? 0) > bound)
    }
}
