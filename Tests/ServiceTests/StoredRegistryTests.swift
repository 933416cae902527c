import Base
import FoundationEssentials
import Service
import Storage
import Synchronization
import TestSupport
import Testing

/// What the registry of a cluster promises beside `ComponentCatalogueContract`: whatever fails and
/// whoever dies, a row has all of its objects, and an object without a row is found by the sweep.
@Suite struct StoredRegistryTests {
    private let it: ComponentCatalogueFixture
    private static let bytes = Data((0..<1_500_000).map { UInt8(truncatingIfNeeded: $0 / 5) })

    init() throws { it = try ComponentCatalogueFixture(.stored) }

    private static func prepared() async throws -> ComponentCatalogueFixture {
        let it = try ComponentCatalogueFixture(.stored)
        try await it.put(bytes, "a.zip")
        try await it.put(Data([2]), "b.zip")
        return it
    }

    private static func recipe(_ it: ComponentCatalogueFixture) -> Data {
        it.recipe(uris: ["s3://bucket/a.zip", "s3://bucket/b.zip"])
    }

    private static func expectWholeOrNothing(_ it: ComponentCatalogueFixture) async throws {
        guard try await it.registry.component("com.example.A", version: "1.0.0") != nil else {
            #expect(try await it.registry.newest(after: nil, limit: 9).isEmpty)
            return
        }
        #expect(try await it.read("com.example.A", "1.0.0", "a.zip") == bytes)
        #expect(try await it.read("com.example.A", "1.0.0", "b.zip") == Data([2]))
    }

    private static func sweepADayLater(_ it: ComponentCatalogueFixture) async throws {
        it.clock.advance(by: Limits.stagedObjectSeconds + 1)
        try await it.state.sweep()
        #expect(try await it.leftovers() == [])
        #expect(try await staged(it) == [])
    }

    private static func staged(_ it: ComponentCatalogueFixture) async throws -> [StagedObject] {
        try await it.metadata.read { try $0.stagedObjects(createdBefore: .distantFuture, limit: 9) }
    }

    @Test(arguments: DyingProcess.Moment.allCases)
    func aProcessThatDiesWhileItMakesAVersionLeavesItWholeOrNotAtAll(
        moment: DyingProcess.Moment
    ) async throws {
        var step = 1
        while true {
            let it = try await Self.prepared()
            let process = DyingProcess(at: step, moment)
            let registry = try it.another(
                process.metadata(it.metadata), process.objects(it.stateObjects))
            let made = try? await registry.createComponentVersion(
                RecipeDocument(validating: Self.recipe(it)), tags: ["k": "v"], clientToken: "t")
            try await Self.expectWholeOrNothing(it)
            let before = try await it.registry.component("com.example.A", version: "1.0.0")
            // The client asks another server then.
            let again = try await it.create(Self.recipe(it), "t", tags: ["k": "v"])
            #expect(before == nil || again == before, "step \(step)")
            #expect(made == nil || again == made, "step \(step)")
            try await Self.expectWholeOrNothing(it)
            try await Self.sweepADayLater(it)
            try await Self.expectWholeOrNothing(it)
            guard process.isDead else { break }
            step += 1
        }
        #expect(step > 8)
    }

    @Test(arguments: DyingProcess.Moment.allCases)
    func aProcessThatDiesWhileItDeletesAVersionLeavesItWholeOrNotAtAll(
        moment: DyingProcess.Moment
    ) async throws {
        var step = 1
        while true {
            let it = try await Self.prepared()
            _ = try await it.create(Self.recipe(it), "t")
            let process = DyingProcess(at: step, moment)
            let registry = try it.another(
                process.metadata(it.metadata), process.objects(it.stateObjects))
            _ = try? await registry.delete("com.example.A", version: "1.0.0")
            try await Self.expectWholeOrNothing(it)
            // What was deleted is not waited for.
            try await it.state.sweep()
            #expect(try await it.leftovers() == [], "step \(step)")
            try await Self.expectWholeOrNothing(it)
            guard process.isDead else { break }
            step += 1
        }
        #expect(step > 4)
    }

    @Test(arguments: [FaultyObjectStore.Operation.put, .putAcknowledgement], [0, 1])
    func aPutThatFailsLeavesNothing(fault: FaultyObjectStore.Operation, passes: Int) async throws {
        let it = try await Self.prepared()
        it.stateObjects.fail(fault, times: 1, after: passes)
        let error = await #expect(throws: StorageError.self) {
            try await it.create(Self.recipe(it), "t")
        }
        #expect(error?.code == .unavailable)
        #expect(try await it.leftovers() == [])
        try await Self.expectWholeOrNothing(it)
        // The failed write may still come to its end.
        let late = try #require(try await Self.staged(it).first)
        try await it.stateObjects.put(.bytes(Data([9])), at: it.state.location(late.key))
        #expect(try await it.leftovers().count == 1)
        _ = try await it.create(Self.recipe(it), "t")
        try await Self.sweepADayLater(it)
        try await Self.expectWholeOrNothing(it)
    }

    /// Of each transaction: it is written, and nobody hears of it.
    @Test(arguments: 0..<3)
    func aTransactionWhoseEndIsNotKnownLosesNoObject(number: Int) async throws {
        let it = try await Self.prepared()
        let forgetful = ForgetfulMetadata(it.metadata)
        forgetful.forget(after: number)
        let registry = try it.another(forgetful)
        await #expect(throws: StorageError.self) {
            try await registry.createComponentVersion(
                RecipeDocument(validating: Self.recipe(it)), tags: [:], clientToken: "t")
        }
        let made = try await it.registry.component("com.example.A", version: "1.0.0")
        #expect((made != nil) == (number == 2))
        try await Self.expectWholeOrNothing(it)
        let again = try await registry.createComponentVersion(
            RecipeDocument(validating: Self.recipe(it)), tags: [:], clientToken: "t")
        #expect(made == nil || made == again)
        try await Self.sweepADayLater(it)
        try await Self.expectWholeOrNothing(it)
    }

    @Test func anObjectThatCannotBeRemovedIsRemovedByTheNextSweep() async throws {
        let it = try await Self.prepared()
        _ = try await it.create(Self.recipe(it), "t")
        it.stateObjects.fail(.delete, times: 2)
        try await it.registry.delete("com.example.A", version: "1.0.0")
        #expect(try await it.registry.component("com.example.A", version: "1.0.0") == nil)
        #expect(try await it.leftovers().count == 2)
        try await it.state.sweep()
        #expect(try await it.leftovers() == [])
        #expect(try await Self.staged(it) == [])
    }

    @Test(arguments: [false, true])
    func aCallThatIsCancelledTidiesUpAllTheSame(duringPut: Bool) async throws {
        let it = try await Self.prepared()
        let registry = try it.another(
            nil, CancellingObjects(base: it.stateObjects, failsToo: duringPut))
        let recipe = try RecipeDocument(validating: Self.recipe(it))
        let call = Task {
            try await registry.createComponentVersion(recipe, tags: [:], clientToken: "t")
        }
        await #expect(throws: (any Error).self) { try await call.value }
        try await Self.expectWholeOrNothing(it)
        #expect(try await it.leftovers() == [])
        try await Self.sweepADayLater(it)
    }

    @Test func aNameThatNoObjectStoreTakesIsRefused() async throws {
        try await it.put(Data([1]), "a.zip")
        let error = await it.failure(
            it.recipe(name: ".spotter-uploads", uris: ["s3://bucket/a.zip"]))
        #expect(error?.code == .invalidRecipe)
        #expect(error?.message.contains("must not begin with '.spotter-'") == true)
        let key = try await it.create(
            it.recipe(name: "-_.", uris: ["s3://bucket/a.zip"]), "t")
        #expect(try await it.read(key.name, "1.0.0", "a.zip") == Data([1]))
    }

    @Test func anArtifactThatBecameShorterIsAnError() async throws {
        let it = try await Self.prepared()
        _ = try await it.create(Self.recipe(it), "t")
        let key = try #require(
            try await it.stateObjects.list(
                ComponentCatalogueFixture.stateBucket, prefix: "components/com.example.A/1.0.0/",
                after: nil, limit: 9
            ).first { $0.key.hasSuffix("/a.zip") }?.key)
        #expect(key.split(separator: "/").count == 5)
        try await it.stateObjects.put(
            .bytes(Self.bytes.prefix(1000)), at: it.state.location(key))
        await #expect(throws: StorageError.self) {
            try await it.read("com.example.A", "1.0.0", "a.zip")
        }
    }
}

/// A real store, whose caller is cancelled once it has written something.
private struct CancellingObjects: ObjectStore {
    let base: any ObjectStore
    /// Whether the write does not tell of its end.
    let failsToo: Bool

    func createBucket(_ bucket: String) async throws { try await base.createBucket(bucket) }

    func bucketExists(_ bucket: String) async throws -> Bool {
        try await base.bucketExists(bucket)
    }

    func put(_ content: ObjectContent, at location: ObjectLocation) async throws {
        try await base.put(content, at: location)
        withUnsafeCurrentTask { $0?.cancel() }
        if failsToo { throw CancellationError() }
    }

    func get(_ location: ObjectLocation, bytesMax: Int) async throws -> Data {
        try await base.get(location, bytesMax: bytesMax)
    }

    func read(
        _ location: ObjectLocation, bytesMax: Int, _ chunk: (Data) async throws -> Void
    ) async throws {
        try await base.read(location, bytesMax: bytesMax, chunk)
    }

    func head(_ location: ObjectLocation) async throws -> ObjectSummary? {
        try await base.head(location)
    }

    func delete(_ location: ObjectLocation) async throws { try await base.delete(location) }

    func list(_ bucket: String, prefix: String, after: String?, limit: Int) async throws
        -> [ObjectSummary]
    {
        try await base.list(bucket, prefix: prefix, after: after, limit: limit)
    }
}
