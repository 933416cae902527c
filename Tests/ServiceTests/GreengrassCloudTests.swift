import Access
import Base
import Cloud
import FoundationEssentials
import Logging
import Service
import Storage
import Synchronization
import Testing

@Suite struct GreengrassCloudTests {
    private let recipe = Data(
        #"{"RecipeFormatVersion":"2020-01-25","ComponentName":"com.x.Y","ComponentVersion":"1.0.0","Manifests":[]}"#
            .utf8)
    private static let arn = "\(GreengrassStandIn.prefix)com.x.Y:versions:1.0.0"

    /// A registry on a stand-in, whose clock goes by what it sleeps.
    private func withRegistry(
        _ body: (GreengrassCloud, GreengrassStandIn) async throws -> Void
    ) async throws {
        let standIn = try await GreengrassStandIn()
        let connections = HTTPConnections()
        let clock = Clock()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let registry = GreengrassCloud(
            connections: connections,
            endpoint: CloudEndpoint(isSecure: false, host: "127.0.0.1", port: standIn.port),
            arns: ARNs(region: "eu-west-1", account: "123456789012"),
            credentials: Credentials(accessKeyID: "AKID", secretAccessKey: "secret"),
            ambience: Ambience(
                now: { clock.now }, random: { 0.5 }, sleep: { clock.advance(by: $0) }),
            logger: logger)
        try await body(registry, standIn)
        try await connections.shutDown()
        try await standIn.close()
    }

    private final class Clock: Sendable {
        private let seconds = Mutex(1_770_000_000.0)
        var now: Date { Date(timeIntervalSince1970: seconds.withLock { $0 }) }
        func advance(by delay: Double) { seconds.withLock { $0 += delay } }
    }

    private func create(_ registry: GreengrassCloud, token: String = "token-1") async throws
        -> RegisteredComponent
    {
        try await registry.createComponentVersion(
            RecipeDocument(validating: recipe), tags: ["line": "3"], clientToken: token)
    }

    @Test func aVersionIsThereOnceDevicesCanTakeIt() async throws {
        try await withRegistry { registry, standIn in
            #expect(try await registry.component("com.x.Y", version: "1.0.0") == nil)
            let made = try await create(registry)
            #expect(made.arn == Self.arn)
            #expect(made.state == "DEPLOYABLE")
            #expect(made.clientToken == "token-1")
            #expect(made.tags == ["line": "3"])
            #expect(try await registry.component("com.x.Y", version: "1.0.0") == made)
            standIn.state.withLock {
                #expect($0.components[Self.arn]?.recipe == recipe)
                #expect($0.requests.filter { $0.hasPrefix("POST") }.count == 1)
            }
        }
    }

    @Test func aFailureIsToldInTheWordsOfGreengrass() async throws {
        try await withRegistry { registry, standIn in
            standIn.state.withLock {
                $0.coming = ["REQUESTED", "FAILED"]
                $0.errors = [
                    "s3://b/k.zip": "Specified artifact resource cannot be accessed"
                ]
            }
            let error = await #expect(throws: ComponentError.self) {
                try await create(registry)
            }
            #expect(
                error?.message
                    == "s3://b/k.zip: Specified artifact resource cannot be accessed")
            // The job that asks for it again gets the same answer, and makes no second one.
            let known = try await registry.component("com.x.Y", version: "1.0.0")
            #expect(known == nil)
            await #expect(throws: ComponentError.self) { try await create(registry) }
            standIn.state.withLock { #expect($0.made == 1) }
        }
    }

    @Test func throttlingIsWaitedOut() async throws {
        try await withRegistry { registry, standIn in
            standIn.state.withLock {
                $0.refusals = [
                    (429, "ThrottlingException", "Rate exceeded"),
                    (400, "RequestAlreadyInProgressException", "Wait"),
                    (500, "InternalServerException", "Oops"),
                ]
            }
            let made = try await create(registry)
            #expect(made.state == "DEPLOYABLE")
            standIn.state.withLock { #expect($0.made == 1) }
        }
    }

    @Test(arguments: [true, false])
    func aLostAnswerDoesNotMakeTwo(remembersTokens: Bool) async throws {
        try await withRegistry { registry, standIn in
            standIn.state.withLock {
                $0.lost = 1
                $0.remembersTokens = remembersTokens
            }
            let made = try await create(registry)
            #expect(made.state == "DEPLOYABLE")
            standIn.state.withLock { #expect($0.made == 1) }
        }
    }

    @Test(arguments: [true, false])
    func aJobThatBeginsAgainKnowsItsOwnVersion(remembersTokens: Bool) async throws {
        try await withRegistry { registry, standIn in
            standIn.state.withLock { $0.remembersTokens = remembersTokens }
            let made = try await create(registry)
            #expect(try await create(registry) == made)
            let known = try await registry.component("com.x.Y", version: "1.0.0")
            #expect(known?.clientToken == "token-1")
            standIn.state.withLock { #expect($0.made == 1) }
        }
    }

    @Test func aVersionOfSomebodyElseIsAConflict() async throws {
        try await withRegistry { registry, standIn in
            _ = try await create(registry, token: "theirs")
            let error = await #expect(throws: ComponentError.self) {
                try await create(registry, token: "ours")
            }
            #expect(error?.code == .alreadyExists)
            #expect(
                error?.message == "Component [com.x.Y : 1.0.0] for account [123456789012] already "
                    + "exists with state: [DEPLOYABLE]")
        }
    }

    @Test func aRefusalIsFinalAndOutagesAreNot() async throws {
        try await withRegistry { registry, standIn in
            standIn.state.withLock {
                $0.refusals = [(403, "AccessDeniedException", "User is not authorized")]
            }
            let refused = await #expect(throws: ComponentError.self) {
                try await create(registry)
            }
            #expect(refused?.code == .refused)
            #expect(refused?.message.contains("User is not authorized") == true)
            standIn.state.withLock {
                $0.refusals = Array(repeating: (503, "Unavailable", "Later"), count: 9)
            }
            let outage = await #expect(throws: StorageError.self) { try await create(registry) }
            #expect(outage?.code == .unavailable)
        }
    }

    @Test func whatNeverBecomesDeployableIsGivenUp() async throws {
        try await withRegistry { registry, standIn in
            standIn.state.withLock { $0.coming = ["INITIATED"] }
            let error = await #expect(throws: StorageError.self) { try await create(registry) }
            #expect(error?.message == "\(Self.arn) is still INITIATED after 900 seconds.")
        }
    }
}
