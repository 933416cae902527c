import Testing

/// One server for all cases of a suite, which must not disturb each other.
struct SharedServer: SuiteTrait, TestScoping {
    @TaskLocal private static var server: TestServer?

    let make: @Sendable () throws -> TestServer

    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
    ) async throws {
        try await Self.$server.withValue(make()) { try await body() }
    }

    /// The server of the suite that runs.
    static func current() throws -> TestServer { try #require(server) }
}

extension Trait where Self == SharedServer {
    static var sharedServer: SharedServer { SharedServer { try TestServer() } }
}
