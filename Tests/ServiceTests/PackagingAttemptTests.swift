import Base
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

        func component(_ name: ComponentName, version: ComponentVersion) async throws
            -> RegisteredComponent?
        { nil }

        func createComponentVersion(
            _ recipe: RecipeDocument, tags: [String: String], clientToken: String,
            localFiles: [ObjectLocation: String]
        ) async throws -> RegisteredComponent {
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

    @Test func aJobOfARecordWithoutATargetResolvesItOnceAndKeepsIt() async throws {
        let fixture = try ModelFixture()
        try await fixture.createOlderModel()
        try await queue(fixture)
        #expect(try await job(fixture)?.target == nil)
        try await fixture.work()
        let target = try #require(try await job(fixture)?.target)
        #expect(target.component == "c" && target.version == "1.0.0")
        #expect(
            target.archive.uri == "s3://out/c/1.0.0/p-1_greengrass_model_component.zip")
        #expect(
            target.device
                == PackagingTarget.Device(
                    architecture: "amd64", name: nil, os: "LINUX", arch: "X86_64",
                    accelerator: nil, compilerOptions: ["mcpu": "core-avx2"]))
    }

    @Test func theCallThatStartsAJobStoresWhatItIsToMake() async throws {
        let fixture = try ModelFixture()
        try await fixture.createOlderModel()
        let request = try WireCoding.decode(
            StartModelPackagingJobRequest.self,
            from: Data(
                #"""
                {"ProjectName": "p", "ModelVersion": "1", "JobName": "j", "Configuration":
                 {"Greengrass": {"S3OutputLocation": {"Bucket": "out", "Prefix": "x"},
                  "ComponentName": "c", "TargetDevice": "jetson_xavier",
                  "CompilerOptions": "{\"gpu-code\": \"sm_72\", \"trt-ver\": \"7.1.3\", \"cuda-ver\": \"10.2\"}"}}}
                """#.utf8))
        _ = try await Operations(context: fixture.context).startModelPackagingJob(request)
        let target = try await job(fixture)?.target
        let device = PackagingTarget.Device(
            architecture: "aarch64", name: "jetson_xavier", os: "LINUX", arch: "ARM64",
            accelerator: "NVIDIA",
            compilerOptions: ["gpu-code": "sm_72", "trt-ver": "7.1.3", "cuda-ver": "10.2"])
        #expect(
            target
                == PackagingTarget(
                    component: "c", version: "1.0.0",
                    archive: ObjectLocation(
                        bucket: "out",
                        key: "x/c/1.0.0/p-1_greengrass_model_component.zip"),
                    device: device))
    }

    @Test func theRegistryTakesTheArchiveFromTheFileThatWasUploaded() async throws {
        let fixture = try ModelFixture()
        try await fixture.createOlderModel()
        try await queue(fixture)
        let reads = Mutex(0)
        fixture.objects.watch { moment, location in
            if moment == .beforeGet, location.key.hasSuffix(".zip") { reads.withLock { $0 += 1 } }
        }
        // The fixture's registry reads artifacts of recipes from the store beneath the watched one.
        fixture.service.objects.fail(.get, times: .max)
        defer { fixture.objects.watch(nil) }
        try await fixture.work()
        #expect(try await job(fixture)?.status == .succeeded)
        #expect(reads.withLock { $0 } == 0)
        fixture.service.objects.fail(.get, times: 0)
        let key = try #require(try await archives(fixture).first)
        let archive = try await fixture.objects.get(
            ObjectLocation(bucket: "out", key: key), bytesMax: 1 << 20)
        let registry = try #require(fixture.context.registry as? any ComponentCatalogue)
        let name = try #require(key.split(separator: "/").last.map(String.init))
        let reader = try #require(
            try await registry.artifact("c", version: "1.0.0", name))
        var bytes = Data()
        try await reader.read(0..<reader.size) { bytes += $0 }
        #expect(bytes == archive)
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
