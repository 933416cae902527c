/// When freed memory is worth giving back to the system: C's heap keeps it for later, and after a
/// training that is hundreds of megabytes. No clock, no I/O.
///
/// What the heap keeps cannot be counted; it is what the process has in memory beyond what its
/// parts use. Some of that never goes (stacks, fragments), so the bound counts from what was left
/// the last time.
struct HeapLevel: Sendable, Equatable {
    /// Bytes that may be kept: what a run of a graph on a large view frees and soon needs again.
    /// A tenth of what a process at rest may have beside its models.
    static let keptBytesMax = 16 << 20

    /// Kept beyond use after the last time, in bytes.
    private(set) var leftBytes = 0

    /// - Parameters:
    ///   - residentBytes: anonymous memory of the process.
    ///   - usedBytes: what its parts have allocated of the heap.
    func isWorthGiving(residentBytes: Int, usedBytes: Int) -> Bool {
        residentBytes - usedBytes > leftBytes + Self.keptBytesMax
    }

    /// Notes what is left, by the figures after memory was given back.
    mutating func given(residentBytes: Int, usedBytes: Int) {
        leftBytes = max(0, residentBytes - usedBytes)
    }
}
