import NIOPosix

/// Work that goes to its end although the task around it is cancelled: a task that has to stop
/// still tidies up.
package enum Shield {
    /// Where such work runs; nil leaves it to Swift. A simulation runs everything in one place.
    @TaskLocal package static var executor: (any TaskExecutor)?

    /// Runs `body` in a task of its own and waits for it.
    ///
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws; never because the caller is cancelled.
    package static func run<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await Task(executorPreference: executor, operation: body).value
    }
}

extension NIOThreadPool {
    /// Runs blocking work that must be done although the task may be cancelled: that may be why it
    /// is to be done.
    func runAnyway(_ work: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            submit { _ in
                work()
                continuation.resume()
            }
        }
    }
}
