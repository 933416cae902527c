import EdgeProtocol
import GRPCCore
import Logging
import NIOPosix
import Vision

/// The agent's end of `spotter-edge attach`: a model is listed as long as its stream is open.
struct AttachmentService: Spotter_Edge_Attachments.SimpleServiceProtocol {
    let shelf: ModelShelf
    let pool: NIOThreadPool
    let logger: Logger

    func attach(
        request: RPCAsyncSequence<Spotter_Edge_AttachRequest, any Error>,
        response: RPCWriter<Spotter_Edge_AttachEvent>, context: ServerContext
    ) async throws {
        var first: Spotter_Edge_AttachRequest?
        // The rest of the requests is read only for its end.
        var iterator = request.makeAsyncIterator()
        first = try await iterator.next()
        guard let first else {
            throw RPCError(code: .invalidArgument, message: "Attach needs a request.")
        }
        let (source, number) = try await list(first)
        logger.info(
            "Attached",
            metadata: ["component": "\(source.component)", "version": "\(source.version)"])
        defer {
            shelf.detach(source.component, number)
            logger.info("Detached", metadata: ["component": "\(source.component)"])
        }
        let (changes, stream) = shelf.changes.subscribe()
        defer { shelf.changes.unsubscribe(changes) }
        if first.start {
            do {
                _ = try shelf.start(source.component)
            } catch {
                logger.warning("\(error)", metadata: ["component": "\(source.component)"])
            }
        }
        nonisolated(unsafe) var rest = iterator
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { while try await rest.next() != nil {} }
            group.addTask { try await self.report(source, number, stream, response) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func list(_ request: Spotter_Edge_AttachRequest) async throws -> (ModelSource, Int) {
        do {
            let source = ModelSource(
                component: request.component, version: request.componentVersion,
                paths: [request.unarchived, request.archive].filter { !$0.isEmpty },
                settings: try ModelSettings(request.configuration))
            let result = try await pool.runIfActive { source.checked }
            return (source, try shelf.attach(source, result))
        } catch let error as AgentError {
            throw error.rpc
        }
    }

    /// Tells every change of the model until it is detached, replaced, or the agent ends.
    private func report(
        _ source: ModelSource, _ number: Int, _ changes: AsyncStream<Void>,
        _ response: RPCWriter<Spotter_Edge_AttachEvent>
    ) async throws {
        var last: ModelListing?
        func tell() async throws -> Bool {
            guard let listing = shelf.listing(source.component, attachment: number) else {
                var event = Spotter_Edge_AttachEvent()
                event.replaced = true
                try await response.write(event)
                return false
            }
            guard listing != last else { return true }
            last = listing
            var event = Spotter_Edge_AttachEvent()
            event.status = .init(rawValue: listing.status.wire.rawValue) ?? .stopped
            event.statusMessage = listing.message
            try await response.write(event)
            return true
        }
        guard try await tell() else { return }
        for await _ in changes {
            guard try await tell() else { return }
        }
    }
}
