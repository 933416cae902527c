import Glibc

/// A part of a POSIX shared memory segment that a client named.
///
/// It is read and written through its descriptor and never mapped: a segment that shrinks while the
/// agent works gives a short read here, where a mapping would end the process with SIGBUS.
struct SharedMemory: Sendable {
    let name: String
    let offset: Int
    let size: Int

    /// - Throws: `invalidArgument` for a name that is no segment's, and for numbers that overflow.
    init(name: String, size: UInt64, offset: UInt64) throws(AgentError) {
        // Python leaves the slash out, shm_open(3) wants one.
        let bare = name.hasPrefix("/") ? String(name.dropFirst()) : name
        guard (1...AgentLimits.segmentNameBytesMax).contains(bare.utf8.count),
            !bare.contains("/"), !bare.utf8.contains(0), bare != ".", bare != ".."
        else {
            throw AgentError(
                .invalidArgument,
                "The name of a shared memory segment must be 1 to "
                    + "\(AgentLimits.segmentNameBytesMax) bytes with no slash but the first, not "
                    + "'\(name.excerpt)'.")
        }
        let (end, overflow) = offset.addingReportingOverflow(size)
        guard !overflow, end <= UInt64(Int.max) else {
            throw AgentError(
                .invalidArgument,
                "Offset \(offset) and size \(size) of the shared memory segment \(bare) are too "
                    + "large.")
        }
        self.name = "/" + bare
        self.offset = Int(offset)
        self.size = Int(size)
    }

    /// Checks that `count` bytes fit, in what the client named and in the segment as it is now.
    private func open(_ flags: Int32, count: Int) throws(AgentError) -> Int32 {
        guard size >= count else {
            throw invalid("has size \(size); the image needs \(count) bytes")
        }
        // Opening a FIFO would wait for its other end for ever.
        let descriptor = shm_open(name, flags | O_NONBLOCK, 0)
        guard descriptor >= 0 else {
            throw invalid("cannot be opened (\(String(cString: strerror(errno))))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw invalid("is not a segment")
        }
        guard Int(status.st_size) >= offset + size else {
            close(descriptor)
            throw invalid(
                "has \(status.st_size) bytes; offset \(offset) and size \(size) reach beyond")
        }
        return descriptor
    }

    private func invalid(_ reason: String) -> AgentError {
        AgentError(.invalidArgument, "The shared memory segment \(name) \(reason).")
    }

    func read(count: Int) throws(AgentError) -> [UInt8] {
        let descriptor = try open(O_RDONLY, count: count)
        defer { close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count {
                let got = pread(
                    descriptor, buffer.baseAddress! + initialized, count - initialized,
                    offset + initialized)
                guard got > 0 else { break }
                initialized += got
            }
        }
        guard bytes.count == count else { throw invalid("became smaller while it was read") }
        return bytes
    }

    func write(_ bytes: [UInt8]) throws(AgentError) {
        let descriptor = try open(O_RDWR, count: bytes.count)
        defer { close(descriptor) }
        let done = bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let put = pwrite(
                    descriptor, buffer.baseAddress! + done, buffer.count - done, offset + done)
                guard put > 0 else { break }
                done += put
            }
            return done
        }
        guard done == bytes.count else { throw invalid("could not be written") }
    }
}
