import FoundationEssentials
import Logging
import NIOPosix
import Storage
import Synchronization
import TestSupport

@testable import Service

/// A server's audit files and the bucket that they are delivered to.
final class AuditFixture: Sendable {
    static let start = Date(timeIntervalSince1970: 1_770_000_000)
    static let bucket = "state"

    let root: TemporaryDirectory
    let objects: FaultyObjectStore
    let pool: NIOThreadPool
    let logger: Logger
    var directory: String { "\(root.path)/audit" }

    init() throws {
        root = try TemporaryDirectory()
        pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
        objects = FaultyObjectStore(try DirectoryStore(root: "\(root.path)/buckets", pool: pool))
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        self.logger = logger
    }

    deinit { pool.shutdownGracefully { _ in } }

    func files(
        fileBytesMax: Int = 64 << 20, filesMax: Int = 3, isDelivered: Bool = true
    ) throws -> AuditFiles {
        try AuditFiles(
            directory: directory, fileBytesMax: fileBytesMax, filesMax: filesMax,
            isDelivered: isDelivered, logger: logger)
    }

    func delivery(
        _ files: AuditFiles, host: String = "one", clock: any Clock<Duration> = ContinuousClock()
    ) throws -> AuditDelivery {
        let state = StateBucket(
            objects: objects, name: Self.bucket, metadata: try SQLiteStore(), now: { Self.start })
        return AuditDelivery(
            files: files, source: Self.source(host), bucket: state, pool: pool,
            now: { Self.start }, clock: clock, logger: logger)
    }

    static func source(_ host: String) -> AuditSource { AuditSource(host: host, member: UUID()) }

    /// What is left of a line is as long as that of a call.
    static func line(_ text: String, seconds: Double = 0, bytes: Int = 0) -> Data {
        let time = AuditLine.text(start.addingTimeInterval(seconds))
        let rest = String(repeating: "x", count: bytes)
        return Data(
            (#"{"errorMessage":"\"eventTime\":\"no\"","eventTime":"\#(time)","#
                + #""id":"\#(text)\#(rest)"}"#).utf8) + [UInt8(ascii: "\n")]
    }

    /// The objects with their keys, in the order of these.
    func delivered() async throws -> [(key: String, bytes: Data)] {
        guard try await objects.bucketExists(Self.bucket) else { return [] }
        var all: [(key: String, bytes: Data)] = []
        for object in try await objects.list(Self.bucket, prefix: "", after: nil, limit: 1000) {
            let location = ObjectLocation(bucket: Self.bucket, key: object.key)
            all.append((object.key, try await objects.get(location, bytesMax: 1 << 30)))
        }
        return all
    }

    func read(since: Double? = nil, until: Double? = nil) async throws -> Data {
        var bytes = Data()
        let reader = AuditReader(
            since: since.map(Self.start.addingTimeInterval),
            until: until.map(Self.start.addingTimeInterval))
        try await reader.read(objects, bucket: Self.bucket) { bytes += $0 }
        return bytes
    }
}

extension [Data] {
    var joined: Data { reduce(into: Data()) { $0 += $1 } }
}
