import FoundationEssentials
import Hummingbird
import NIOCore
import Storage

extension ResponseBody {
    /// A part of something stored, read while it is sent.
    ///
    /// - Parameters:
    ///   - bytes: in memory at once.
    ///   - read: the bytes at an offset, as many as it says.
    static func pieces(
        of range: Range<Int>, bytes: Int,
        read: @escaping @Sendable (_ offset: Int, _ count: Int) async throws -> Data
    ) -> ResponseBody {
        ResponseBody(contentLength: range.count) { writer in
            var offset = range.lowerBound
            while offset < range.upperBound {
                let piece = try await read(offset, min(bytes, range.upperBound - offset))
                guard !piece.isEmpty else {
                    throw StorageError(.unavailable, "What is sent became smaller meanwhile.")
                }
                try await writer.write(ByteBuffer(bytes: piece))
                offset += piece.count
            }
            try await writer.finish(nil)
        }
    }
}
