import FoundationEssentials
import Storage
import Synchronization
import TestSupport
import Testing
import Vision
import Wire

@testable import Service

/// What several attempts of a packaging job, and workers without a lease, do to the user's bucket.
@Suite struct PackagingAttemptTests {
    /// Refuses every component, after something was done.
    private final class RefusingRegistry: ComponentRegistry {
        let before = Mutex<(@Sendable () async throws -> Void)?>(nil)

        func component(_ name: String, version: String) async throws -> ComponentVersion? { nil }

        func createComponentVersion(recipe: Data, tags: [String: String], clientToken: String)
            async throws -> ComponentVersion
        {
            try await before.withLock { $0 }?()
            throw ComponentError(.alreadyExists, "There is one already.")
        }
    }

    private static let subject = JobSubject.package(project: "p", jobName: "j")

    private func queue(_ fixture: ModelFixture) async throws {
        let json = Data(
            """
            {"Greengrass": {"S3OutputLocation": {"Bucket": "out"}, "ComponentName": "c",
             "ComponentVersion": "1.0.0", "TargetPlatform": {"Os": "LINUX", "Arch": "X86_64"}}}
            """.utf8)
        let record = PackagingRecord(
            project: "p", jobName: "j", modelVersion: 1,
            configuration: try WireCoding.decode(ModelPackagingConfiguration.self, from: json),
            description: nil, created: fixture.service.clock.now)
        try await fixture.metadata.write { try $0.save(record, componentVersion: "1.0.0") }
        try await fixture.queue(Self.subject)
    }

    private func job(_ fixture: ModelFixture) async throws -> PackagingRecord? {
        try await fixture.metadata.read { try $0.packagingJob("p", "j") }
    }

    private func archives(_ fixture: ModelFixture) async throws -> [String] {
        try await fixture.outputKeys().filter { $0.hasSuffix(".zip") }
    }

    @Test func aModelOfBeforeIsPackaged() async throws {
        let fixture = try ModelFixture()
        try await fixture.createOlderModel()
        try await queue(fixture)
        try await fixture.work()
        let job = try await job(fixture)
        #expect(job?.status == .succeeded, "\(job?.statusMessage ?? "")")
        #expect(try await archives(fixture).count == 1)
    }

    @Test func allAttemptsTakeTheThresholdThatTheFirstOneFound() async throws {
        let fixture = try ModelFixture()
        try await fixture.createOlderModel()
        try await fixture.change { $0.threshold = 55 }
        try await queue(fixture)
        fixture.service.objects.fail(.put, times: 1)
        try await fixture.work()
        #expect(try await job(fixture)?.status == .running)
        try await fixture.change { $0.threshold = 77 }
        fixture.service.clock.advance(by: Limits.jobPauseSecondsMax)
        try await fixture.work()
        #expect(try await job(fixture)?.status == .succeeded)
        let key = try #require(try await archives(fixture).first)
        let path = "\(fixture.service.directory.path)/package.zip"
        try await fixture.objects.get(
            ObjectLocation(bucket: "out", key: key), bytesMax: 1 << 20
        ).write(to: URL(filePath: path))
        #expect(try ModelPackage.manifest(path: path).decision.threshold == 55)
    }

    @Test func theTrainedThresholdIsKeptToo() async throws {
        let fixture = try ModelFixture()
        try await fixture.createOlderModel()
        try await queue(fixture)
        fixture.service.objects.fail(.put, times: 1)
        try await fixture.work()
        try await fixture.change { $0.threshold = 77 }
        #expect(try await job(fixture)?.basis == PackagingRecord.Basis(threshold: nil))
    }

    @Test func aWorkerThatLostItsLeaseWritesNoArchive() async throws {
        let fixture = try ModelFixture()
        try await fixture.createOlderModel()
        try await queue(fixture)
        fixture.stateObjects.watch { [fixture] moment, location in
            guard moment == .beforeGet, location.key.hasSuffix("model.onnx") else { return }
            try await fixture.stealJobs()
        }
        defer { fixture.stateObjects.watch(nil) }
        try await fixture.work()
        #expect(try await archives(fixture).isEmpty)
        #expect(try await job(fixture)?.status == .running)
    }

    @Test func aJobWhoseProjectIsDeletedDuringTheUploadRegistersNothing() async throws {
        let fixture = try ModelFixture()
        try await fixture.createOlderModel()
        try await queue(fixture)
        let request = try WireCoding.decode(
            DeleteProjectRequest.self, from: Data(#"{"ProjectName": "p"}"#.utf8))
        fixture.objects.watch { [fixture] moment, location in
            guard moment == .beforePut, location.key.hasSuffix(".zip") else { return }
            try await fixture.metadata.write { try $0.removeModel("p", 1) }
            _ = try await Operations(context: fixture.context).deleteProject(request)
        }
        defer { fixture.objects.watch(nil) }
        try await fixture.work()
        #expect(try await fixture.metadata.read { try $0.project("p") } == nil)
        #expect(try await fixture.metadata.read { try $0.openJobs(project: "p") }.isEmpty)
        #expect(try await fixture.context.registry.component("c", version: "1.0.0") == nil)
        fixture.endLeases()
        #expect(try await !fixture.work())
    }

    @Test(arguments: [false, true])
    func anArchiveThatWasRefusedGoesUnlessItMayBeTheSuccessors(isLost: Bool) async throws {
        let registry = RefusingRegistry()
        let fixture = try ModelFixture(registry: registry)
        registry.before.withLock {
            $0 = { [fixture] in if isLost { try await fixture.stealJobs() } }
        }
        defer { registry.before.withLock { $0 = nil } }
        try await fixture.createOlderModel()
        try await queue(fixture)
        try await fixture.work()
        #expect(try await archives(fixture).isEmpty == !isLost)
        #expect(try await job(fixture)?.status == (isLost ? .running : .failed))
    }
}
