import Testing
import Wire

@testable import Server

/// The memory for bodies that nobody has vouched for.
@Suite struct UnverifiedBodyTests {
    private static let large = 1 << 20

    @Test func roomIsGivenBackHoweverTheRequestEnds() async throws {
        let bodies = UnverifiedBodies(bytesMax: 2 * Self.large, waitSeconds: 0)
        struct Refused: Error {}
        await #expect(throws: Refused.self) {
            try await bodies.holding(Self.large, from: "a") {
                #expect(bodies.heldBytes == Self.large)
                throw Refused()
            }
        }
        #expect(bodies.heldBytes == 0)
    }

    @Test func bodiesBeyondTheRoomAreRefusedAndSmallOnesAreNot() async throws {
        let bodies = UnverifiedBodies(bytesMax: 2 * Self.large, waitSeconds: 0)
        try await bodies.holding(Self.large, from: "a") {
            try await bodies.holding(Self.large, from: "b") {
                let error = await #expect(throws: WireError.self) {
                    try await bodies.holding(Self.large, from: "c") {}
                }
                #expect(error?.code == .throttling && error?.retryAfterSeconds != nil)
                try await bodies.holding(UnverifiedBodies.freeBytes, from: "c") {}
            }
        }
        try await bodies.holding(Self.large, from: "c") {}
    }

    @Test func oneAddressCannotTakeAllRoom() async throws {
        let bodies = UnverifiedBodies(bytesMax: 4 * Self.large, waitSeconds: 0)
        try await bodies.holding(3 * Self.large, from: "a") {
            await #expect(throws: WireError.self) {
                try await bodies.holding(Self.large, from: "a") {}
            }
            try await bodies.holding(Self.large, from: "b") {}
        }
    }

    @Test func aRequestWaitsForRoom() async throws {
        let bodies = UnverifiedBodies(bytesMax: Self.large, waitSeconds: 60)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await bodies.holding(Self.large, from: "a") {
                        #expect(bodies.heldBytes == Self.large)
                        await Task.yield()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(bodies.heldBytes == 0)
    }

    @Test func aBodyLargerThanTheRoomComesAlone() async throws {
        let bodies = UnverifiedBodies(bytesMax: Self.large, waitSeconds: 0)
        try await bodies.holding(3 * Self.large, from: "a") {}
        #expect(bodies.heldBytes == 0)
    }
}
