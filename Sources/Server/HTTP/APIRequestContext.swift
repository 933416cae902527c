import Hummingbird
import NIOCore

/// What Hummingbird knows about a request, and where it came from.
struct APIRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The address at the other end of the connection: a proxy's, if there is one. Headers that
    /// claim another are not believed, since policies may depend on it.
    let remoteAddress: String?
    private let channel: any Channel

    /// Asks a client that waits for it to send its body; does nothing for others.
    var wantBody: @Sendable () -> Void {
        let channel = channel
        return {
            channel.triggerUserOutboundEvent(UnreadBodyHandler.BodyWanted.now, promise: nil)
        }
    }

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
        remoteAddress = source.channel.remoteAddress?.ipAddress
    }

    /// Whether the request comes from this machine.
    var isLocal: Bool {
        guard let remoteAddress else { return false }
        return remoteAddress.hasPrefix("127.") || remoteAddress == "::1"
            || remoteAddress.hasPrefix("::ffff:127.")
    }
}
