import Glibc

/// A thread of its own for work that may block for any time, or that has to go on while all pools
/// are busy. For everything else there are pools: a thread costs memory, and nothing bounds how
/// many are begun but the caller.
package enum DetachedThread {
    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Nobody waits for the thread; it ends with `body`.
    ///
    /// - Returns: false when the system has no thread left; `body` is not called then.
    package static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        let work = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { pointer in
                if let pointer {
                    Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body()
                }
                return nil
            }, work.toOpaque())
        guard status == 0 else {
            work.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
