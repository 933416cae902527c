import Base
import FoundationEssentials
import Storage
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// A disk without room.
@Suite struct DiskFullTests {
    @Test(arguments: [Errno.noSpace, .diskQuotaExceeded])
    func aFullDiskIsCalledByItsName(_ code: Errno) {
        let error = StorageError(FileError("write", "/data/buckets/b/k", code))
        #expect(error.code == .full && error.isPassing)
        #expect(error.clientMessage.contains("disk is full"))
        #expect(!error.clientMessage.contains("/data"))
        #expect(error.message.contains("/data/buckets/b/k"))
        let other = StorageError(FileError("write", "/data", .ioError))
        #expect(other.code == .unavailable)
    }

    @Test func theReserveIsGivenBackWhenOthersFillTheDisk() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/reserve"
        let free = Mutex(1 << 30)
        func held() -> Int { FileStatus(at: path)?.size ?? 0 }
        let reserve = DiskReserve(path: path) { free.withLock { $0 } }
        #expect(!reserve.keep() && held() == DiskReserve.bytes)
        free.withLock { $0 = DiskSpace.reservedBytes - 1 }
        #expect(reserve.keep() && held() == DiskReserve.bytes)
        free.withLock { $0 = 0 }
        #expect(reserve.keep() && held() == 0)
        // What it gave back is not taken again at once.
        free.withLock { $0 = DiskReserve.bytes }
        #expect(reserve.keep() && held() == 0)
        free.withLock { $0 = 1 << 30 }
        #expect(!reserve.keep() && held() == DiskReserve.bytes)
        #expect(FileStatus(at: path)?.mode == 0o600)
    }

    @Test func anotherStartFindsTheReserve() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/reserve"
        #expect(!DiskReserve(path: path) { 1 << 30 }.keep())
        #expect(DiskReserve(path: path) { 0 }.keep())
        #expect(FileStatus(at: path)?.size == 0)
    }
}
