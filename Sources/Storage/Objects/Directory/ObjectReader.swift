import Base
package import FoundationEssentials
import NIOPosix

/// An open object. What it was at opening stays readable although it is replaced or deleted
/// meanwhile.
package final class ObjectReader: Sendable {
    /// Size, time and attributes at the moment of opening.
    package let object: StoredObject
    private let file: OpenFile
    private let pool: NIOThreadPool

    init(file: OpenFile, object: StoredObject, pool: NIOThreadPool) {
        self.file = file
        self.object = object
        self.pool = pool
    }

    deinit {
        // It may be the end of a large file that has no name any more, which takes a while.
        let file = file
        pool.submit { _ in file.close() }
    }

    /// At most `count` bytes from `offset`; fewer only at the end.
    package func read(offset: Int, count: Int) async throws -> Data {
        let left = object.size - offset
        guard offset >= 0, count > 0, left > 0 else { return Data() }
        return try await pool.runIfActive {
            try onDisk { try self.file.bytes(at: offset, count: min(count, left)) }
        }
    }
}
