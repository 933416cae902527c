import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// What the real Greengrass does with components, as far as Spotter asks for it: versions go
/// through states while they are asked about, tokens are remembered, answers can be lost.
final class GreengrassStandIn: Sendable {
    struct Component {
        var token: String
        var recipe: Data
        var tags: [String: String]
        /// The last one stays.
        var states: [String]
        var errors: [String: String] = [:]
    }

    struct State {
        /// By ARN.
        var components: [String: Component] = [:]
        /// Of the components that are to be made.
        var coming = ["REQUESTED", "INITIATED", "DEPLOYABLE"]
        var errors: [String: String] = [:]
        /// Status, name and message in place of the next answers.
        var refusals: [(Int, String, String)] = []
        /// Answers to lose once what was asked is done.
        var lost = 0
        var remembersTokens = true
        var made = 0
        var requests: [String] = []
    }

    let state = Mutex(State())
    private let channel: any Channel

    init() async throws {
        let box = Box()
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(box: box))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        box.standIn.withLock { $0 = self }
    }

    var port: Int { channel.localAddress?.port ?? 0 }

    func close() async throws { try await channel.close() }

    static let prefix = "arn:aws:greengrass:eu-west-1:123456789012:components:"

    /// - Returns: nil for an answer that is lost.
    fileprivate func answer(_ method: String, _ path: String, _ body: Data) -> (Int, [String: Any])?
    {
        state.withLock { state in
            state.requests.append("\(method) \(path)")
            if !state.refusals.isEmpty {
                let (status, name, message) = state.refusals.removeFirst()
                return (status, ["__type": name, "message": message])
            }
            let result =
                method == "POST" ? Self.create(body, &state) : Self.describe(path, &state)
            guard state.lost == 0 else {
                state.lost -= 1
                return nil
            }
            return result
        }
    }

    private static func create(_ body: Data, _ state: inout State) -> (Int, [String: Any]) {
        let input = (try? JSONSerialization.jsonObject(with: body)) as? [String: Any]
        guard let text = input?["inlineRecipe"] as? String, let recipe = Data(base64Encoded: text),
            let names = (try? JSONSerialization.jsonObject(with: recipe)) as? [String: Any],
            let name = names["ComponentName"] as? String,
            let version = names["ComponentVersion"] as? String,
            let token = input?["clientToken"] as? String
        else { return (400, ["__type": "ValidationException", "message": "No recipe."]) }
        let arn = "\(prefix)\(name):versions:\(version)"
        if let known = state.components[arn] {
            guard state.remembersTokens, known.token == token else {
                return (
                    409,
                    [
                        "__type": "ConflictException",
                        "message": "Component [\(name) : \(version)] for account [123456789012] "
                            + "already exists with state: [\(known.states.last ?? "")]",
                    ]
                )
            }
        } else {
            state.made += 1
            state.components[arn] = Component(
                token: token, recipe: recipe, tags: input?["tags"] as? [String: String] ?? [:],
                states: state.coming, errors: state.errors)
        }
        return (
            201,
            [
                "arn": arn, "componentName": name, "componentVersion": version,
                "creationTimestamp": 1.77e9, "status": ["componentState": "REQUESTED"],
            ]
        )
    }

    private static func describe(_ path: String, _ state: inout State) -> (Int, [String: Any]) {
        let parts = path.split(separator: "/")
        let arn = parts.dropLast().last.flatMap { String($0).removingPercentEncoding } ?? ""
        guard let component = state.components[arn], let current = component.states.first else {
            return (404, ["__type": "ResourceNotFoundException", "message": "No such thing."])
        }
        if component.states.count > 1 { state.components[arn]?.states.removeFirst() }
        let names = arn.dropFirst(prefix.count).split(separator: ":")
        return (
            200,
            [
                "arn": arn, "componentName": String(names[0]), "componentVersion": String(names[2]),
                "creationTimestamp": 1.77e9, "tags": component.tags,
                "status": [
                    "componentState": current, "message": "NONE", "errors": component.errors,
                ] as [String: Any],
            ]
        )
    }

    private final class Box: Sendable {
        let standIn = Mutex<GreengrassStandIn?>(nil)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let box: Box
        private var received = Data()

        init(box: Box) { self.box = box }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += Data(unwrapInboundIn(data).readableBytesView)
            guard let end = received.firstRange(of: Data("\r\n\r\n".utf8)) else { return }
            let head = String(decoding: received[..<end.lowerBound], as: UTF8.self)
            let length =
                head.lowercased().firstMatch(of: /content-length: ([0-9]+)/)
                .flatMap { Int($0.1) } ?? 0
            let body = received[end.upperBound...]
            guard body.count >= length else { return }
            let words = head.split(separator: " ")
            let standIn = box.standIn.withLock { $0 }
            guard
                let (status, members) = standIn?.answer(
                    String(words[0]), String(words[1]), Data(body)),
                let bytes = try? JSONSerialization.data(withJSONObject: members)
            else { return context.close(promise: nil) }
            let type = members["__type"].map { "x-amzn-ErrorType: \($0)\r\n" } ?? ""
            let channel = context.channel
            channel.writeAndFlush(
                ByteBuffer(
                    bytes: Data(
                        "HTTP/1.1 \(status) X\r\n\(type)Content-Length: \(bytes.count)\r\n".utf8)
                        + Data("Connection: close\r\n\r\n".utf8) + bytes)
            ).whenComplete { _ in channel.close(promise: nil) }
        }
    }
}
