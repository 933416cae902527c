/// Work that goes to its end although the task around it is cancelled: whoever has to stop still
/// tidies up.
package enum Shield {
    /// Where such work runs; nil leaves it to Swift. A simulation runs everything in one place.
    @TaskLocal package static var executor: (any TaskExecutor)?

    package static func run<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await Task(executorPreference: executor, operation: body).value
    }
}
