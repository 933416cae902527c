import Base
import FoundationEssentials
import Service
import ServiceLifecycle
import Storage
import TestSupport
import Testing
import Vision
import Wire
import WireAWS

/// Operations and worker together on real stores, with a manual clock and faults.
@Suite(.serialized) struct ServiceBehaviourTests {
    private let service: TestService
    private let operations: Operations

    init() throws {
        service = try TestService()
        operations = Operations(context: service.context)
    }

    private func call(_ method: String, _ path: String, _ body: String = "", token: String? = nil)
        async throws -> JSONValue
    {
        let path = "/2020-11-20/projects" + path
        let route = try Route.find(method: method, path: path)
        let input = try route.input(
            of: WireRequest(
                method: method, path: path,
                header: { $0 == "X-Amzn-Client-Token" ? token : nil }, body: Data(body.utf8)))
        return try JSONValue(
            parsing: try await operations.perform(route, input: input, payload: Data()).body)
    }

    /// Runs a worker until `isDone`, which must come true, moving the clock along.
    private func work(until isDone: @escaping @Sendable () async throws -> Bool) async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: Worker(context: service.context, id: UUID()))],
                logger: service.context.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await Waiting.until("what the worker is to do") {
                if try await isDone() { return true }
                service.clock.advance(by: 1)
                try await Task.sleep(for: .milliseconds(10))
                return false
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func datasetStatus() async throws -> DatasetStatus? {
        try await service.context.metadata.read { try $0.dataset("p", .train) }?.status
    }

    private func createDataset() async throws {
        try await service.objects.createBucket("bucket")
        let line = #"{"source-ref":"s3://bucket/1.png"}"#
        try await service.objects.put(
            .bytes(Data(line.utf8)), at: ObjectLocation(bucket: "bucket", key: "m"))
        _ = try await call("POST", "", #"{"ProjectName":"p"}"#)
        _ = try await call(
            "POST", "/p/datasets",
            #"""
            {"DatasetType":"train","DatasetSource":{"GroundTruthManifest":
            {"S3Object":{"Bucket":"bucket","Key":"m"}}}}
            """#)
    }

    @Test func aStoreThatIsOutOfReachForAWhileIsAskedAgain() async throws {
        try await createDataset()
        service.objects.fail(.get, times: 2)
        try await work { try await datasetStatus() != .createInProgress }
        #expect(try await datasetStatus() == .createComplete)
    }

    @Test func aStoreThatStaysOutOfReachFailsTheDatasetWithTheReason() async throws {
        try await createDataset()
        service.objects.fail(.get, times: 1000)
        try await work { try await datasetStatus() != .createInProgress }
        let dataset = try await service.context.metadata.read { try $0.dataset("p", .train) }
        #expect(dataset?.status == .createFailed)
        #expect(dataset?.statusMessage == "The store is out of reach.")
    }

    @Test func aWorkerThatStopsGivesItsJobBack() async throws {
        try await createDataset()
        let job = try #require(
            try await service.context.metadata.read {
                try $0.claimableJob(kinds: ["dataset"], now: .distantFuture)
            })
        // The manifest does not come, so the worker has the job when it is stopped.
        service.objects.hold(.get)
        try await work { service.objects.heldOperations == 1 }
        let after = try await service.context.metadata.read { try $0.job(job.id) }
        #expect(after?.state == .queued && after?.leaseOwner == nil)
        #expect(after?.attempt == 1 && after?.releases == 1)
    }

    @Test func theSameTokenInParallelMakesOneProject() async throws {
        let answers = try await withThrowingTaskGroup(of: JSONValue.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await self.call("POST", "", #"{"ProjectName":"one"}"#, token: "t")
                }
            }
            return try await group.reduce(into: [JSONValue]()) { $0.append($1) }
        }
        #expect(answers.count == 20 && answers.allSatisfy { $0 == answers[0] })
    }

    @Test func aTokenIsForgottenAfterEightHours() async throws {
        _ = try await call("POST", "", #"{"ProjectName":"one"}"#, token: "t")
        service.clock.advance(by: Limits.clientTokenSeconds - 1)
        _ = try await call("POST", "", #"{"ProjectName":"one"}"#, token: "t")
        service.clock.advance(by: 2)
        let error = await #expect(throws: WireError.self) {
            try await call("POST", "", #"{"ProjectName":"one"}"#, token: "t")
        }
        #expect(error?.code == .conflict)
    }

    @Test func theDigestOfARequestIsThatOfDatabasesOfToday() async throws {
        _ = try await call("POST", "", #"{"ProjectName":"one"}"#, token: "t")
        let token = try await service.context.metadata.read { try $0.token("CreateProject  t") }
        // SHA-256 of {"ClientToken":"t","ProjectName":"one"}.
        #expect(token?.requestDigest == "q4M2KfOdz6kmvCb7To3aF6g0yruORu9CudGrpeqtGas=")
    }

    @Test func theRegistryRefusesWhatItCannotRead() async throws {
        let recipe = try ComponentRecipe.model(
            name: "c", version: "1.0.0", description: "d", architecture: "amd64",
            archive: ObjectLocation(bucket: "nowhere", key: "s.zip"))
        let error = await #expect(throws: ComponentError.self) {
            try await service.context.registry.createComponentVersion(
                recipe, tags: [:], clientToken: "1")
        }
        #expect(error?.code == .artifactUnavailable)
        #expect(error?.message.contains("s3://nowhere/s.zip") == true)
        let files = try FileManager.default.subpathsOfDirectory(
            atPath: "\(service.directory.path)/greengrass")
        #expect(
            Set(files) == ["recipes", "artifacts", "components", "tokens", "temporary", "lock"])
    }

    @Test func theRegistryMakesAVersionOnce() async throws {
        try await service.objects.createBucket("bucket")
        try await service.objects.put(
            .bytes(Data([1, 2])), at: ObjectLocation(bucket: "bucket", key: "s.zip"))
        let recipe = try ComponentRecipe.model(
            name: "c", version: "1.0.0", description: "d", architecture: "aarch64",
            archive: ObjectLocation(bucket: "bucket", key: "s.zip"))
        let registry = service.context.registry
        let first = try await registry.createComponentVersion(
            recipe, tags: ["k": "v"], clientToken: "1")
        let again = try await registry.createComponentVersion(
            recipe, tags: ["k": "v"], clientToken: "1")
        #expect(first == again && first.state == "DEPLOYABLE")
        let error = await #expect(throws: ComponentError.self) {
            try await registry.createComponentVersion(recipe, tags: [:], clientToken: "2")
        }
        #expect(error?.code == .alreadyExists)
        #expect(error?.message.contains("already exists with state: [DEPLOYABLE]") == true)
    }
}
