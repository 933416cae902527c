import Base
import FoundationEssentials
import HTTPTypes
import Storage
import Synchronization
import SystemPackage
import Testing
import Wire
import WireAWS

@testable import Server

/// What watchers of a process are told about its state.
@Suite struct StatusPageTests {
    private static let ready = TestRequest(.get, "/health/ready")

    @Test func aServerWithoutRoomOnItsDiskIsNotReady() async throws {
        let free = Mutex(1 << 30)
        let server = try TestServer(freeBytes: { free.withLock { $0 } })
        #expect(try await server.send(Self.ready).status == 200)
        free.withLock { $0 = DiskSpace.reservedBytes - 1 }
        let answer = try await server.send(Self.ready)
        #expect(answer.status == 503)
        #expect(answer.json["status"].string?.contains("the disk has 31 MiB left") == true)
        #expect(try await server.send(TestRequest(.get, "/health")).status == 200)
    }

    @Test func aServerWithoutItsDatabaseIsNotReady() async throws {
        let server = try TestServer()
        server.metadata.isFaulty = true
        let answer = try await server.send(Self.ready)
        #expect(answer.status == 503)
        #expect(answer.json["status"].string == "the database is out of reach")
        server.metadata.isFaulty = false
        #expect(try await server.send(Self.ready).status == 200)
    }

    /// The message was "Success" once, and once only that the log knew.
    @Test func anErrorOfAFullDiskSaysSo() async throws {
        let server = try TestServer()
        server.metadata.failure = StorageError(.full, "The database /data could not be written.")
        let answer = try await server.call(.get, "/projects")
        #expect(answer.failure == "500 InternalServerException")
        #expect(answer.message.contains("disk is full") && !answer.message.contains("/data"))
        let object = S3ErrorTranslation.s3Error(
            for: StorageError(FileError("write", "/data/b", .noSpace)))
        #expect(object.code == .serviceUnavailable && object.message.contains("disk is full"))
    }
}
