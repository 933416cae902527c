import Dispatch
import FoundationEssentials
import NIOPosix
import Storage
import TestSupport
import Testing
import Vision
import Wire

@testable import Service

/// What fills the threads of one kind of work keeps no other waiting. A case in which it does
/// never ends.
@Suite struct WorkPoolTests {
    /// A pool whose only thread is busy until the gate opens.
    private final class BusyPool: Sendable {
        let pool = NIOThreadPool(numberOfThreads: 1)
        private let gate = DispatchSemaphore(value: 0)

        init(isBusy: Bool) {
            pool.start()
            if isBusy { pool.submit { [gate] _ in gate.wait() } }
        }

        func end(isBusy: Bool) async throws {
            if isBusy { gate.signal() }
            try await pool.shutdownGracefully()
        }
    }

    private enum Kind { case images, jobs }

    private func with(
        busy kind: Kind, _ body: (ModelFixture) async throws -> Void
    ) async throws {
        let (images, jobs) = (BusyPool(isBusy: kind == .images), BusyPool(isBusy: kind == .jobs))
        let files = BusyPool(isBusy: false)
        let fixture = try ModelFixture(
            pools: WorkPools(files: files.pool, images: images.pool, jobs: jobs.pool))
        try await body(fixture)
        try await images.end(isBusy: kind == .images)
        try await jobs.end(isBusy: kind == .jobs)
        try await files.end(isBusy: false)
    }

    @Test func trainingThatFillsItsThreadsKeepsNoVerdictWaiting() async throws {
        try await with(busy: .jobs) { fixture in
            try await fixture.createOlderModel(1, .hosted)
            let model = try #require(try await fixture.model(1))
            let picture = RGBImage(
                width: SmallModel.side, height: SmallModel.side, color: RGB(7, 7, 7))
            let score = try await fixture.context.host.run(model, bytes: 0) {
                try $0.detect(picture).score
            }
            #expect(score == 7)
        }
    }

    @Test func picturesThatFillTheirThreadsKeepNoJobWaiting() async throws {
        try await with(busy: .images) { fixture in
            let picture = RGBImage(width: 64, height: 64, color: RGB(1, 2, 3))
            try await fixture.objects.createBucket("bucket")
            let location = ObjectLocation(bucket: "bucket", key: "1.png")
            try await fixture.objects.put(.bytes(PNG.encode(picture)), at: location)
            let line = """
                {"source-ref": "\(location.uri)", "auto-label": 1, "auto-label-metadata": \
                {"class-name": "normal", "type": "groundtruth/image-classification"}}
                """
            let image = try #require(
                try LabelledImage(
                    DatasetEntry(
                        sourceRef: location.uri, line: line, verdict: "normal",
                        created: fixture.service.clock.now)))
            let reader = DatasetReader(context: fixture.context, project: "p")
            #expect(try await reader.picture(of: image, sampleBits: nil) == picture)
        }
    }
}
