import Base
package import FoundationEssentials
import NIOPosix

/// An open object. What it was at opening stays readable although it is replaced or deleted
/// meanwhile.
package final class ObjectReader: Sendable {
    /// Size, time and attributes at the moment of opening.
    package let object: StoredObject
    /// Its calls block.
    let file: CheckedFile
    private let pool: NIOThreadPool

    init(_ file: CheckedFile, _ object: StoredObject, _ pool: NIOThreadPool) {
        self.file = file
        self.object = object
        self.pool = pool
    }

    deinit {
        // It may be the end of a large file that has no name any more, which takes a while.
        let file = file
        pool.submit { _ in file.file.close() }
    }

    /// At most `count` bytes from `offset`; fewer only at the end.
    ///
    /// - Throws: `damaged` when the disk gives other bytes than were written; `unavailable`.
    package func read(offset: Int, count: Int) async throws -> Data {
        let left = object.size - offset
        guard offset >= 0, count > 0, left > 0 else { return Data() }
        return try await pool.runIfActive {
            try self.file.bytes(at: offset, count: min(count, left))
        }
    }
}
