import GRPCCore
import Vision

/// Why the agent refuses, in gRPC's words.
package struct AgentError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The gRPC status codes that the agent uses, under their own names.
    package enum Code: Sendable, Equatable {
        case invalidArgument
        case notFound
        case failedPrecondition
        case resourceExhausted
        case internalError
    }

    /// Becomes the status of the call.
    package let code: Code
    /// Sent to the client as the status message.
    package let message: String

    /// - Parameter message: A whole sentence that says what would be right.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message alone, as logs show it.
    package var description: String { message }

    /// An error of the vision part, as a caller of the agent has to see it.
    init(_ error: VisionError) {
        switch error.code {
        case .invalidImage: self.init(.invalidArgument, error.message)
        case .invalidModel, .runtimeUnavailable, .invalidMask,
            .unsuitableDataset, .cancelled:
            self.init(.internalError, error.message)
        }
    }

    var rpc: RPCError {
        switch code {
        case .invalidArgument: RPCError(code: .invalidArgument, message: message)
        case .notFound: RPCError(code: .notFound, message: message)
        case .failedPrecondition: RPCError(code: .failedPrecondition, message: message)
        case .resourceExhausted: RPCError(code: .resourceExhausted, message: message)
        case .internalError: RPCError(code: .internalError, message: message)
        }
    }
}
