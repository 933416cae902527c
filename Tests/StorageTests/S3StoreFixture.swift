import Access
import Cloud
import FoundationEssentials
import Logging
import NIOPosix
import Storage
import Synchronization
import TestSupport

/// A store on moto, with connections that a proxy spoils where a test wants it.
struct S3StoreFixture {
    let store: S3Store
    let proxy: FaultProxy
    let slept = Slept()
    private let connections: HTTPConnections

    /// Delays that were asked for; nobody waits for them.
    final class Slept: Sendable {
        private let delays = Mutex<[Double]>([])
        var all: [Double] { delays.withLock { $0 } }
        func add(_ delay: Double) { delays.withLock { $0.append(delay) } }
    }

    /// Runs `body` with a store and ends everything after it.
    ///
    /// - Parameters:
    ///   - idleSecondsMax: of the connections.
    ///   - whileWaiting: called in place of every delay.
    static func with(
        faults: [FaultProxy.Fault] = [], idleSecondsMax: Int64 = 30,
        now: @escaping @Sendable () -> Date = { Date() },
        whileWaiting: @escaping @Sendable () async throws -> Void = {},
        _ body: (S3StoreFixture) async throws -> Void
    ) async throws {
        let connections = HTTPConnections(idleSecondsMax: idleSecondsMax)
        let proxy = try await FaultProxy(to: MotoServer.port(), faults: faults)
        let pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
        let fixture = S3StoreFixture(proxy, connections, pool, now, whileWaiting)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(fixture))
        } catch {
            result = .failure(error)
        }
        try await connections.shutDown()
        try await proxy.close()
        try await pool.shutdownGracefully()
        try result.get()
    }

    private init(
        _ proxy: FaultProxy, _ connections: HTTPConnections, _ pool: NIOThreadPool,
        _ now: @escaping @Sendable () -> Date,
        _ whileWaiting: @escaping @Sendable () async throws -> Void
    ) {
        self.proxy = proxy
        self.connections = connections
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let ambience = Ambience(
            now: now, random: { 0.5 },
            sleep: { [slept] delay in
                slept.add(delay)
                try await whileWaiting()
            })
        store = S3Store(
            peer: S3Peer(
                connections: connections,
                endpoint: CloudEndpoint(isSecure: false, host: "127.0.0.1", port: proxy.port),
                region: "us-east-1",
                credentials: Credentials(
                    accessKeyID: "AKIDPEER", secretAccessKey: "peer-secret-0123456789"),
                ambience: ambience, logger: logger),
            pool: pool)
    }

    /// A bucket that no other test has.
    func bucket() async throws -> String {
        let name = "bucket-\(UUID().uuidString.lowercased())"
        try await S3StoreFixture.with { try await $0.store.createBucket(name) }
        return name
    }

    /// Bytes without a short period, made fast enough for a debug build.
    static func bytes(_ count: Int) -> Data {
        var state: UInt32 = 2_463_534_242
        let pattern = Data(
            (0..<65_521).map { _ in
                state ^= state << 13
                state ^= state >> 17
                state ^= state << 5
                return UInt8(truncatingIfNeeded: state)
            })
        var bytes = Data(capacity: count + pattern.count)
        while bytes.count < count { bytes += pattern }
        return bytes.prefix(count)
    }
}
