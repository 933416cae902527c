import Base
import Logging
import NIOCore
import Service
import ServiceLifecycle
import Synchronization

/// The open connections of a server: how many, of whom, and their end.
final class Connections: Sendable {
    private struct Open {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var ofAddress: [String: Int] = [:]
        /// Of each connection of HTTP/2 that has any.
        var streams: [ObjectIdentifier: Int] = [:]
        var isNoted = false
    }

    private let open = Mutex(Open())
    /// At the same time; further ones wait to be accepted.
    let max: Int
    private let perAddressMax: Int
    private let logger: Logger

    /// - Parameters:
    ///   - max: connections at the same time, fewer where `descriptors` do not suffice for them.
    ///   - perAddressMax: connections of one address at the same time.
    ///   - descriptors: the process's bound on open files.
    init(max: Int, perAddressMax: Int, descriptors: Int, logger: Logger) {
        let room =
            (descriptors - ConnectionLimits.descriptorsReserved)
            / ConnectionLimits.descriptorsPerConnection
        self.max = Swift.max(1, min(max, room))
        self.perAddressMax = perAddressMax
        self.logger = logger
    }

    /// The bounds that `limits` sets, within the process's own on open files, which is raised.
    convenience init(_ limits: AdjustableLimits, logger: Logger) {
        self.init(
            max: limits.connectionsMax, perAddressMax: limits.connectionsPerAddressMax,
            descriptors: FileDescriptors.raiseLimit(), logger: logger)
    }

    /// At this moment.
    var count: Int { open.withLock { $0.channels.count } }

    /// Whether a connection of HTTP/2 has a stream at this moment.
    func hasStreams(of connection: any Channel) -> Bool {
        open.withLock { $0.streams[ObjectIdentifier(connection)] != nil }
    }

    /// Takes a new connection in, until it is closed.
    ///
    /// A stream of HTTP/2 costs what a connection of HTTP/1.1 does, so that it counts as one.
    ///
    /// - Parameter connection: that the channel is a stream of; nil for a connection.
    /// - Returns: false for one more than its address may have, and for a stream beside as many
    ///   others as there may be connections.
    func admit(_ channel: any Channel, streamOf connection: (any Channel)? = nil) -> Bool {
        let address = channel.remoteAddress?.ipAddress ?? ""
        let connection = connection.map { ObjectIdentifier($0) }
        let (isAdmitted, isNew) = open.withLock { open in
            guard connection == nil || open.channels.count < max else { return (false, false) }
            guard open.ofAddress[address, default: 0] < perAddressMax else {
                defer { open.isNoted = true }
                return (false, !open.isNoted)
            }
            open.ofAddress[address, default: 0] += 1
            open.channels[ObjectIdentifier(channel)] = channel
            if let connection { open.streams[connection, default: 0] += 1 }
            return (true, false)
        }
        if isNew {
            logger.warning(
                "An address has as many connections as one may have; more of it are closed",
                metadata: [
                    "address": "\(address)", "connections": "\(perAddressMax)",
                    "option": "--limit connections-per-address=NUMBER",
                ])
        }
        guard isAdmitted else { return false }
        channel.closeFuture.whenComplete { [self] _ in leave(channel, address, connection) }
        return true
    }

    private func leave(
        _ channel: any Channel, _ address: String, _ connection: ObjectIdentifier?
    ) {
        open.withLock { open in
            if let connection {
                let rest = open.streams[connection, default: 1] - 1
                open.streams[connection] = rest > 0 ? rest : nil
            }
            open.channels[ObjectIdentifier(channel)] = nil
            let rest = open.ofAddress[address, default: 1] - 1
            open.ofAddress[address] = rest > 0 ? rest : nil
            if open.channels.isEmpty { open.isNoted = false }
        }
    }

    /// Closes those that are still open, whatever they are doing.
    func closeAll() {
        let channels = open.withLock { Array($0.channels.values) }
        for channel in channels { channel.close(promise: nil) }
    }
}

/// Closes a connection, or a stream of HTTP/2, of an address that has too many.
final class AddressBoundHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Never

    private let connections: Connections
    private let isStream: Bool
    private var isAdmitted = false

    /// - Parameter isStream: whether the channel is a stream of a connection of HTTP/2.
    init(_ connections: Connections, isStream: Bool = false) {
        self.connections = connections
        self.isStream = isStream
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { admit(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        admit(context)
        context.fireChannelActive()
    }

    private func admit(_ context: ChannelHandlerContext) {
        guard !isAdmitted else { return }
        isAdmitted = connections.admit(
            context.channel, streamOf: isStream ? context.channel.parent : nil)
        if !isAdmitted { context.close(promise: nil) }
    }
}

/// A service whose clients cannot delay its end: connections that are still open a few seconds
/// after it was asked to stop are closed.
struct BoundedStop<Wrapped: ServiceLifecycle.Service>: ServiceLifecycle.Service {
    let wrapped: Wrapped
    let connections: Connections
    /// Ends what computes for calls and jobs; called when the last connection has ended or is late.
    let endRuns: @Sendable () -> Void

    func run() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                defer { endRuns() }
                try await wrapped.run()
                return true
            }
            group.addTask {
                try? await gracefulShutdown()
                try? await Task.sleep(for: .seconds(ConnectionLimits.stopSeconds))
                connections.closeAll()
                endRuns()
                return false
            }
            while let isEnd = try await group.next(), !isEnd {}
            group.cancelAll()
        }
    }
}
