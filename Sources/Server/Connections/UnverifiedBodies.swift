import Synchronization
import Wire

/// The memory for bodies whose signature is not verified yet, of all connections together.
///
/// Room is taken for a whole body before any of it is read. A request that finds none waits, while
/// its client is not read from, and is refused after a while.
final class UnverifiedBodies: Sendable {
    /// Bodies of at most so many bytes need no room; the bound on connections holds them.
    static let freeBytes = 64 << 10
    /// Eight of the largest bodies, or 340 pictures of 400 KB, at the same time.
    static let bytesMaxStandard = 128 << 20
    /// How long a request waits for room: less than what clients wait for an answer.
    static let waitSeconds = 15.0
    private static let pollMilliseconds = 25

    private struct Held {
        var bytes = 0
        var ofAddress: [String: Int] = [:]
    }

    private let held = Mutex(Held())
    private let bytesMax: Int
    private let addressBytesMax: Int
    private let waitSeconds: Double

    /// - Parameters:
    ///   - bytesMax: of all bodies; three quarters of it for one address, so that none takes all.
    ///   - waitSeconds: until a request without room is refused.
    init(bytesMax: Int = bytesMaxStandard, waitSeconds: Double = waitSeconds) {
        self.bytesMax = bytesMax
        addressBytesMax = bytesMax / 4 * 3
        self.waitSeconds = waitSeconds
    }

    /// Bytes that are promised to requests at this moment.
    var heldBytes: Int { held.withLock { $0.bytes } }

    /// Runs `body` while there is room for `bytes`.
    ///
    /// - Throws: `throttled` when there was none for too long; what `body` throws.
    func holding<Value>(
        _ bytes: Int, from address: String?, _ body: () async throws -> Value
    ) async throws -> Value {
        guard bytes > Self.freeBytes else { return try await body() }
        let address = address ?? ""
        try await take(bytes, address)
        defer { give(bytes, address) }
        return try await body()
    }

    private func take(_ bytes: Int, _ address: String) async throws {
        let end = ContinuousClock.now + .seconds(waitSeconds)
        while !tryTake(bytes, address) {
            guard ContinuousClock.now < end else {
                var error = WireError.throttled(
                    "The server receives as many large bodies as it has memory for. Try again in "
                        + "a moment, or send fewer at the same time.", quota: "bodies-on-the-way")
                error.retryAfterSeconds = 2
                throw error
            }
            try await Task.sleep(for: .milliseconds(Self.pollMilliseconds))
        }
    }

    private func tryTake(_ bytes: Int, _ address: String) -> Bool {
        held.withLock { held in
            let own = held.ofAddress[address, default: 0]
            guard held.bytes + bytes <= bytesMax, own + bytes <= addressBytesMax else {
                // A body larger than the room comes alone.
                guard held.bytes == 0 else { return false }
                held.bytes = bytes
                held.ofAddress[address] = bytes
                return true
            }
            held.bytes += bytes
            held.ofAddress[address] = own + bytes
            return true
        }
    }

    private func give(_ bytes: Int, _ address: String) {
        held.withLock { held in
            held.bytes -= bytes
            let rest = held.ofAddress[address, default: 0] - bytes
            held.ofAddress[address] = rest > 0 ? rest : nil
        }
    }
}
