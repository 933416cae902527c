import Access
import Foundation
import Service
import Storage
import TestSupport
import Testing

@testable import Administration

@Suite struct SettingsTests {
    private static let policy = Data(
        #"""
        {"Version": "2012-10-17", "Statement": [
          {"Effect": "Allow", "Action": "lookoutvision:*", "Resource": "*"}]}
        """#.utf8)

    private let installation: SmallInstallation

    init() async throws { installation = try await SmallInstallation() }

    // MARK: Users

    @Test func aUserIsMadeChangedAndRemoved() async throws {
        let clock = ManualClock()
        try await installation.beside { stores in
            let users = UserRegistry(stores, now: { clock.now })
            let first = try await users.create("ann", policy: Self.policy)
            #expect(try await users.all().map(\.accessKeyID) == [first.accessKeyID])
            clock.advance(by: 60)
            let second = try await users.rotate("ann")
            #expect(second.accessKeyID != first.accessKeyID)
            #expect(
                try await users.all() == [
                    UserRegistry.User(
                        name: "ann", accessKeyID: second.accessKeyID,
                        keyCreated: clock.now.formatted(.iso8601))
                ])
            let narrow = Data(
                String(decoding: Self.policy, as: UTF8.self)
                    .replacing("Allow", with: "Deny").utf8)
            try await users.setPolicy("ann", narrow)
            let row = try await stores.metadata().read { try $0.user("ann") }
            #expect(row?.policy.contains("Deny") == true)
            #expect(row?.secretAccessKey == second.secretAccessKey)
            try await users.setDisabled(true, "ann")
            #expect(try await users.all().first?.isDisabled == true)
            try await users.setDisabled(false, "ann")
            #expect(try await users.all().first?.isDisabled == false)
            try await users.delete("ann")
            #expect(try await users.all().isEmpty)
        }
    }

    @Test(arguments: [
        "", "a b", "ä", "a/b", "a\n", String(repeating: "x", count: 65),
    ])
    func aNameOutOfRangeIsRefusedWithTheRule(name: String) async throws {
        let error = await #expect(throws: AdministrationError.self) {
            try await installation.beside {
                try await UserRegistry($0).create(name, policy: Self.policy)
            }
        }
        #expect(
            error?.message.hasSuffix(
                "is not a valid user name. Use 1 to 64 letters, digits and +=,.@_-.") == true)
    }

    @Test func usersThatExistOrAreMissingAndPoliciesThatAreNoneAreRefused() async throws {
        try await installation.beside { stores in
            let users = UserRegistry(stores)
            _ = try await users.create("+=,.@_-", policy: Self.policy)
            let taken = await #expect(throws: AdministrationError.self) {
                try await users.create("+=,.@_-", policy: Self.policy)
            }
            #expect(taken?.message.contains("exists already") == true)
            for call in [
                { try await users.setPolicy("bob", Self.policy) },
                { _ = try await users.rotate("bob") }, { try await users.delete("bob") },
            ] as [() async throws -> Void] {
                let missing = await #expect(throws: AdministrationError.self) { try await call() }
                #expect(missing?.message == "There is no user bob.")
            }
            await #expect(throws: AccessError.self) {
                try await users.create("cid", policy: Data("{}".utf8))
            }
            let encoded = await #expect(throws: AdministrationError.self) {
                try await users.create("cid", policy: Data([0xFF, 0xFE, 0x7B, 0x00]))
            }
            #expect(encoded?.message.contains("UTF-8") == true)
            #expect(try await users.all().map(\.name) == ["+=,.@_-"])
        }
    }

    // MARK: Projects

    @Test func aProjectIsGivenABackboneAndSizes() async throws {
        try await installation.beside { stores in
            let projects = ProjectRegistry(stores)
            #expect(
                try await projects.project("parts")
                    == ProjectRegistry.Project(
                        name: "parts", backbone: nil, acceptsMixedSizes: false,
                        falseAlarmRate: nil, latencyMillisecondsMax: nil, lastModelVersion: 0))
            let file = "\(Checkout.root)/share/spotter/backbone-e1.onnx"
            try await projects.set(
                "parts",
                ProjectRegistry.Change(
                    backbone: .file(BackboneFile(path: file)), acceptsMixedSizes: true),
                environment: [:])
            let changed = try await projects.project("parts")
            #expect(changed.acceptsMixedSizes)
            let name = try #require(changed.backbone)
            #expect(installation.exists("data/backbones/\(name).onnx"))
            // One setting leaves the other as it is.
            try await projects.set(
                "parts", ProjectRegistry.Change(backbone: .standard), environment: [:])
            #expect(try await projects.all().map(\.acceptsMixedSizes) == [true])
            let kept = try await projects.project("parts")
            #expect(kept.backbone == nil)
        }
    }

    @Test func aProjectIsGivenAShareOfFalseAlarmsAndLosesIt() async throws {
        try await installation.beside { stores in
            let projects = ProjectRegistry(stores)
            // Another setting leaves it as it is.
            let changes: [(ProjectRegistry.Change, Double?)] = [
                (.init(falseAlarmRate: 0.02), 0.02), (.init(acceptsMixedSizes: true), 0.02),
                (.init(falseAlarmRate: .some(nil)), nil),
            ]
            for (change, expected) in changes {
                try await projects.set("parts", change, environment: [:])
                let rate = try await projects.project("parts").falseAlarmRate
                #expect(rate == expected)
            }
            for wrong in [0, 0.004, 0.6, -1, .nan, .infinity] {
                let refused = await #expect(throws: AdministrationError.self) {
                    try await projects.set(
                        "parts", ProjectRegistry.Change(falseAlarmRate: wrong), environment: [:])
                }
                #expect(refused?.message.contains("0.005 to 0.5") == true)
            }
        }
    }

    @Test func aProjectIsGivenABoundOnLatencyBesideItsOtherSettingsAndLosesIt() async throws {
        try await installation.beside { stores in
            let projects = ProjectRegistry(stores)
            let changes: [(ProjectRegistry.Change, Double?, Double?)] = [
                (.init(falseAlarmRate: 0.02), nil, 0.02),
                (.init(latencyMillisecondsMax: 30), 30, 0.02),
                (.init(falseAlarmRate: .some(nil)), 30, nil),
                (.init(acceptsMixedSizes: true), 30, nil),
                (.init(latencyMillisecondsMax: .some(nil)), nil, nil),
            ]
            for (change, bound, rate) in changes {
                try await projects.set("parts", change, environment: [:])
                let project = try await projects.project("parts")
                #expect(project.latencyMillisecondsMax == bound && project.falseAlarmRate == rate)
            }
            for wrong in [0, -1, 0.09, 60_001, .infinity, .nan] {
                let refused = await #expect(throws: AdministrationError.self) {
                    try await projects.set(
                        "parts", ProjectRegistry.Change(latencyMillisecondsMax: wrong),
                        environment: [:])
                }
                #expect(refused?.message.contains("0.1 to 60000") == true)
            }
        }
    }

    @Test func projectsThatAreMissingAndFilesThatAreNoBackbonesAreRefused() async throws {
        try await installation.beside { stores in
            let projects = ProjectRegistry(stores)
            let missing = await #expect(throws: AdministrationError.self) {
                try await projects.set(
                    "none", ProjectRegistry.Change(acceptsMixedSizes: true), environment: [:])
            }
            #expect(missing?.message == "There is no project none.")
            let file = "\(installation.path)/credentials"
            await #expect(throws: (any Error).self) {
                try await projects.set(
                    "parts",
                    ProjectRegistry.Change(backbone: .file(BackboneFile(path: file))),
                    environment: [:])
            }
            let kept = try await projects.project("parts")
            #expect(kept.backbone == nil)
        }
    }

    // MARK: Models

    @Test func aModelIsShownAndItsThresholdSetAndTakenBack() async throws {
        try await installation.beside { stores in
            let models = ModelRegistry(stores)
            let model = try await models.model("parts", 1)
            #expect(model.status == "TRAINED" && model.backbone == "none")
            #expect(model.trainedThreshold == 100 && model.setThreshold == nil)
            #expect(model.imageWidth == SmallModel.side && model.imageHeight == SmallModel.side)
            try await models.setThreshold(12.5, "parts", 1)
            #expect(try await models.model("parts", 1).setThreshold == 12.5)
            try await models.setUnsureThreshold(20, "parts", 1)
            #expect(try await models.model("parts", 1).unsureThreshold == 20)
            try await models.setThreshold(nil, "parts", 1)
            try await models.setUnsureThreshold(nil, "parts", 1)
            #expect(try await models.model("parts", 1) == model)
        }
    }

    @Test func thresholdsOutOfRangeAndModelsThatAreNotTrainedAreRefused() async throws {
        try await installation.beside { stores in
            let models = ModelRegistry(stores)
            for threshold in [0, -1, .infinity, .nan] {
                let error = await #expect(throws: AdministrationError.self) {
                    try await models.setThreshold(threshold, "parts", 1)
                }
                await #expect(throws: AdministrationError.self) {
                    try await models.setUnsureThreshold(threshold, "parts", 1)
                }
                #expect(error?.message.contains("a number above 0") == true)
            }
            let missing = await #expect(throws: AdministrationError.self) {
                try await models.model("parts", 2)
            }
            #expect(missing?.message == "There is no model 2 of a project parts.")
            let model = try file("model.onnx", below: installation.path)
            let folder = URL(filePath: "\(installation.path)/\(model)").deletingLastPathComponent()
            try FileManager.default.removeItem(at: folder)
            let untrained = await #expect(throws: AdministrationError.self) {
                try await models.setThreshold(1, "parts", 1)
            }
            #expect(untrained?.message.contains("is not trained") == true)
        }
    }
}
