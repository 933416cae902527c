import FoundationEssentials
import Storage
import TestSupport
import Testing
import Vision
import Wire

@testable import Service

/// Which files of trainings and deletions there are, whatever happens to workers and stores.
@Suite struct ModelFilesTests {
    private let fixture: ModelFixture

    init() throws { fixture = try ModelFixture() }

    private let training = JobSubject.train(project: "p", version: 1)
    private let deletion = JobSubject.deleteModel(project: "p", version: 1)

    private func trained() async throws -> ModelRecord {
        try await fixture.createModel()
        try await fixture.work(training)
        return try #require(try await fixture.model())
    }

    @Test func theRowNamesTheFilesOfTheAttemptThatTrainedIt() async throws {
        let model = try await trained()
        let files = try #require(model.files)
        #expect(model.status == .trained && files.hasPrefix("p/1/") && files.hasSuffix("-1"))
        #expect(
            try await fixture.stateKeys() == ["\(files)/manifest.json", "\(files)/model.onnx"])
        #expect(try await fixture.stagedKeys().isEmpty)
        #expect(try await fixture.context.models.load(model).manifest.projectName == "p")
    }

    @Test(arguments: ["manifest.json", "model.onnx", "EvaluationManifest-p-1.json"])
    func aTrainingThatLostItsLeaseWritesNothingThatARowNames(moment: String) async throws {
        try await fixture.createModel()
        let steal: WatchedStore.Watcher = { [fixture] at, location in
            guard at == .beforePut, location.key.hasSuffix(moment) else { return }
            try await fixture.stealJobs()
        }
        fixture.stateObjects.watch(steal)
        fixture.objects.watch(steal)
        try await fixture.work(training)
        fixture.stateObjects.watch(nil)
        fixture.objects.watch(nil)
        let lost = try #require(try await fixture.model())
        #expect(lost.status == .training && lost.files == nil)
        // Progress is reported beside the writes and may notice the loss first. Then it cuts the
        // write that is on its way, whose key stays noted until the sweep.
        #expect(Set(try await fixture.stateKeys()).isSubset(of: try await fixture.stagedKeys()))
        // The lease is asked for before each of the user's files; only one was on its way.
        let isLast = moment.hasPrefix("Evaluation")
        #expect(Set(try await fixture.outputKeys()).isSubset(of: isLast ? [moment] : []))

        fixture.endLeases()
        try await fixture.work()
        let model = try #require(try await fixture.model())
        #expect(model.status == .trained && model.files?.hasSuffix("-3") == true)
        #expect(try await fixture.outputKeys().count == 2)
        _ = try await fixture.context.models.load(model)
        fixture.service.clock.advance(by: Limits.stagedObjectSeconds + 1)
        try await fixture.context.state.sweep()
        #expect(try await fixture.stagedKeys().isEmpty)
        #expect(try await fixture.stateKeys() == fixture.context.models.keys(of: model))
    }

    /// Says where it is, and goes on when that was noted.
    private struct TalkingTraining: ModelTraining {
        static let message = "Halfway"

        func train(
            _ model: ModelRecord, in context: ServiceContext,
            progress: @escaping @Sendable (String) -> Void
        ) async throws -> TrainedModel {
            progress(Self.message)
            while try await context.metadata.read({ try $0.model(model.project, model.version) })?
                .statusMessage != Self.message
            { try await Task.sleep(for: .milliseconds(20)) }
            // Whoever is to be cancelled is by now.
            try await Task.sleep(for: .milliseconds(100))
            return try await InstantTraining().train(model, in: context, progress: progress)
        }
    }

    @Test func aTrainingWhoseProgressCannotBeNotedGoesOn() async throws {
        let fixture = try ModelFixture(training: TalkingTraining())
        try await fixture.createModel()
        fixture.metadata.forget {
            try $0.model("p", 1)?.statusMessage == TalkingTraining.message
        }
        try await fixture.work(training)
        #expect(try await fixture.model()?.status == .trained)
    }

    @Test func anEndThatNobodyHeardOfKeepsTheFilesThatTheRowGot() async throws {
        try await fixture.createModel()
        fixture.metadata.forget { try $0.model("p", 1)?.status == .trained }
        try await fixture.work(training)
        let model = try #require(try await fixture.model())
        #expect(model.status == .trained)
        _ = try await fixture.context.models.load(model)
        #expect(try await fixture.stagedKeys().isEmpty)
    }

    @Test func aTrainingWhoseStoreFailsIsDoneAgainAndLeavesNothingForEver() async throws {
        try await fixture.createModel()
        fixture.stateFaults.fail(.put, times: 1, after: 1)
        try await fixture.work(training)
        #expect(try await fixture.model()?.status == .training)
        // A write that failed may still arrive, so its key stays noted.
        #expect(try await fixture.stagedKeys().count == 1)
        fixture.service.clock.advance(by: Limits.jobPauseSecondsMax)
        try await fixture.work()
        let model = try #require(try await fixture.model())
        #expect(model.status == .trained)
        fixture.service.clock.advance(by: Limits.stagedObjectSeconds + 1)
        try await fixture.context.state.sweep()
        #expect(try await fixture.stagedKeys().isEmpty)
        #expect(try await fixture.stateKeys() == fixture.context.models.keys(of: model))
    }

    @Test func aDeletionRemovesTheRowAndTheFiles() async throws {
        _ = try await trained()
        try await fixture.change { $0.status = .deleting }
        try await fixture.work(deletion)
        #expect(try await fixture.model() == nil)
        #expect(try await fixture.stateKeys().isEmpty)
        #expect(try await fixture.stagedKeys().isEmpty)
    }

    @Test func filesThatCannotBeRemovedNowAreRemovedLater() async throws {
        let model = try await trained()
        try await fixture.change { $0.status = .deleting }
        fixture.stateFaults.fail(.delete, times: 3)
        try await fixture.work(deletion)
        #expect(try await fixture.model() == nil)
        let keys = fixture.context.models.keys(of: model)
        #expect(try await fixture.stateKeys() == keys)
        #expect(try await fixture.stagedKeys() == keys)
        await #expect(throws: StorageError.self) { try await fixture.context.state.sweep() }
        // The one that could not be removed has not kept the other.
        #expect(try await fixture.stagedKeys() == Array(keys.prefix(1)))
        try await fixture.context.state.sweep()
        #expect(try await fixture.stateKeys().isEmpty)
        #expect(try await fixture.stagedKeys().isEmpty)
    }

    @Test func aModelWithoutFilesIsDeletedWhereNothingWasEverWritten() async throws {
        try await fixture.createModel()
        try await fixture.change { $0.status = .deleting }
        try await fixture.work(deletion)
        #expect(try await fixture.model() == nil)
        #expect(try await fixture.stagedKeys().isEmpty)
    }

    @Test func aModelOfBeforeIsHostedAndDeleted() async throws {
        try await fixture.createOlderModel()
        try await fixture.work(.startHosting(project: "p", version: 1))
        #expect(try await fixture.model()?.status == .hosted)
        try await fixture.work(.stopHosting(project: "p", version: 1))
        #expect(try await fixture.model()?.status == .trained)
        try await fixture.change { $0.status = .deleting }
        try await fixture.work(deletion)
        #expect(try await fixture.model() == nil)
        #expect(try await fixture.stateKeys().isEmpty)
    }

    @Test func filesThatAreGoneOrDamagedAreToldWithTheModel() async throws {
        let model = try await trained()
        let key = "\(try #require(model.files))/model.onnx"
        let location = fixture.context.state.location(key)
        try await fixture.stateObjects.put(.bytes(Data("other".utf8)), at: location)
        try await fixture.work(.startHosting(project: "p", version: 1))
        #expect(try await fixture.model()?.status == .hostingFailed)
        #expect(try await fixture.model()?.statusMessage?.contains("p/1 are damaged") == true)
        try await fixture.stateObjects.delete(location)
        try await fixture.work(.startHosting(project: "p", version: 1))
        let message = try #require(try await fixture.model()?.statusMessage)
        #expect(message.contains("p/1 are gone") && message.contains(key))
    }
}
