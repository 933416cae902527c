import FoundationEssentials
import Glibc

enum FileBytes {
    /// At most `count` bytes from `offset`; fewer at the end of the file, or where the disk fails.
    static func read(_ descriptor: Int32, at offset: Int, count: Int) -> Data {
        var bytes = Data(count: max(count, 0))
        var filled = 0
        while filled < count {
            let more = bytes.withUnsafeMutableBytes {
                pread(
                    descriptor, $0.baseAddress?.advanced(by: filled), count - filled,
                    off_t(offset + filled))
            }
            if more < 0, errno == EINTR { continue }
            guard more > 0 else { break }
            filled += more
        }
        return bytes.prefix(filled)
    }
}
