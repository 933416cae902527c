import CMalloc
import FoundationEssentials
import Glibc
package import Logging

/// The memory that C's heap has from the system, of which Swift, ONNX Runtime and the decoders of
/// images take theirs.
package struct HeapMemory: Sendable {
    /// Seconds between two looks: a training ends less often, and a look takes some microseconds.
    package static let lookSeconds = 5.0
    private var level = HeapLevel()

    /// Nothing was given back yet.
    package init() {}

    /// Bounds the parts of the heap, of which each thread that allocates while another does takes
    /// one, by default up to eight for each core. Each keeps its own fragments: after two trainings
    /// on two cores a server at rest had 157 MB with sixteen parts, and 100 MB with two. Half of
    /// the cores need one at the same time at most: large buffers come from the system directly.
    ///
    /// To be called before threads are begun.
    ///
    /// - Parameter returnedBytes: buffers of so many bytes, and larger ones, go back to the system
    ///   when they are freed, and each new one costs its pages again. Without it the heap keeps
    ///   them once it has freed one.
    package static func bound(returnedBytes: Int32? = nil) {
        let cores = Int32(clamping: sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        mallopt(M_ARENA_MAX, min(max(2, cores / 2), 8))
        if let returnedBytes { mallopt(M_MMAP_THRESHOLD, returnedBytes) }
    }

    /// Gives back what is freed if it has become much. Blocks for milliseconds.
    ///
    /// - Returns: how many bytes the process has less; nil when it was not worth it.
    package mutating func look() -> Int? {
        guard let before = Self.residentBytes(),
            level.isWorthGiving(residentBytes: before, usedBytes: Self.usedBytes())
        else { return nil }
        malloc_trim(0)
        let after = Self.residentBytes() ?? before
        level.given(residentBytes: after, usedBytes: Self.usedBytes())
        return max(0, before - after)
    }

    /// Looks every `lookSeconds`, until the task is cancelled.
    ///
    /// - Parameter blocking: runs its body where calls may block.
    /// - Throws: `CancellationError`, and what `blocking` throws.
    package static func care(
        _ logger: Logger,
        blocking: (@escaping @Sendable () throws -> (heap: HeapMemory, given: Int?)) async throws
            -> (heap: HeapMemory, given: Int?)
    ) async throws {
        var heap = HeapMemory()
        while !Task.isCancelled {
            try await Task.sleep(for: .seconds(lookSeconds))
            let before = heap
            let look = try await blocking {
                var heap = before
                let given = heap.look()
                return (heap, given)
            }
            heap = look.heap
            if let given = look.given {
                logger.debug(
                    "Freed memory was given back", metadata: ["megabytes": "\(given >> 20)"])
            }
        }
    }

    /// What the parts of the process have allocated.
    static func usedBytes() -> Int {
        let info = mallinfo2()
        return Int(info.uordblks) + Int(info.hblkhd)
    }

    /// Memory of the process that no file stands behind; nil where the system does not say.
    static func residentBytes() -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
            return nil
        }
        let pages = text.split(separator: " ").compactMap { Int($0) }
        // All resident pages, and those of them that belong to files or are shared.
        guard pages.count > 2 else { return nil }
        return (pages[1] - pages[2]) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
