import Console
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Service
import Wire

/// Puts requests of browsers and the console's answers into HTTP.
struct ConsoleEndpoint: Sendable {
    static let root = "/console"

    let console: Console
    let requests: RequestCounts
    let audit: AuditLog
    /// The memory for bodies of browsers that may have no session.
    let bodies: UnverifiedBodies
    let now: @Sendable () -> Date

    /// Whether a request is a browser's: nothing that is signed is.
    static func takes(_ head: HTTPRequest, _ call: APICall, signed: String?) -> Bool {
        signed == nil && head.headerFields[.authorization] == nil
            && (call.path == root || call.path.hasPrefix(root + "/"))
    }

    func answer(_ request: Request, _ call: APICall, _ logger: Logger) async -> Response {
        guard [.get, .head, .post].contains(request.method), let query = try? call.parameters(),
            let path = Self.path(call.path)
        else { return Self.refused(.badRequest) }
        let bytesMax = console.bodyBytesMax(path: path)
        let answer: ConsoleResponse
        do {
            let announced = try request.announcedBytes(max: bytesMax, of: "the console")
            answer = try await bodies.holding(announced, from: call.sourceAddress) {
                let body = try await request.collectedBody(bytesMax: bytesMax, of: "the console")
                return await self.answer(request, call, path, query, body, logger)
            }
        } catch let error as WireError {
            return Self.refused(.init(code: error.code.httpStatus))
        } catch {
            return Self.refused(.badRequest)
        }
        var response = Response(
            status: .init(code: answer.status),
            body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
        for (name, value) in answer.headers {
            guard let field = HTTPField.Name(name) else { continue }
            response.headers.append(HTTPField(name: field, value: value))
        }
        return response
    }

    private func answer(
        _ request: Request, _ call: APICall, _ path: [String],
        _ query: [(name: String, value: String)], _ body: Data, _ logger: Logger
    ) async -> ConsoleResponse {
        let (headers, host) = (request.headers, request.head.authority)
        return await console.answer(
            ConsoleRequest(
                method: request.method.rawValue, path: path, query: query,
                header: { name in
                    name == "host" ? host : HTTPField.Name(name).flatMap { headers[$0] }
                }, body: body, sourceAddress: call.sourceAddress,
                isEncrypted: call.isSecure)
        ) { action in
            await note(action, call, logger)
        }
    }

    /// What was done by way of the console is in the audit log and the metrics like a call.
    private func note(_ action: Console.Action, _ call: APICall, _ logger: Logger) async {
        var call = call
        call.operation = action.name
        call.claimed = action.principal
        call.isVerified = true
        call.eventType = "AwsConsoleAction"
        call.input = action.input
        call.answer = action.answer
        call.error = action.error.map { ($0.code.rawValue, $0.message) }
        switch action.kind {
        case .operation(let isReadOnly):
            call.isReadOnly = isReadOnly
            requests.count(.lookoutvision, call.operation, call.error?.code)
        case .own: call.eventSource = "spotter"
        case .signIn:
            call.eventSource = "signin.amazonaws.com"
            call.eventType = "AwsConsoleSignIn"
            // Anybody can try; such lines must not push those of people with a key out of the log.
            call.isVerified = call.error == nil
        }
        // Pages read all the time; what they change is what is asked about later.
        if !call.isReadOnly || call.error != nil {
            await audit.record(call, at: now(), logger: logger)
        }
    }

    private static func refused(_ status: HTTPResponse.Status) -> Response {
        Response(status: status, headers: [.connection: "close"])
    }

    /// The parts of a path below the console's.
    private static func path(_ text: String) -> [String]? {
        let parts = text.dropFirst(root.count).split(separator: "/")
        let decoded = parts.compactMap { PercentCoding.decode($0) }
        return decoded.count == parts.count ? decoded : nil
    }
}
