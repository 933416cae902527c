import EdgeAgent
import Testing

@Suite struct SocketTests {
    @Test func modelsAreAttachedBesideTheSocketOfClients() throws {
        let address = try SocketAddress(SocketAddress.standard).forAttaching()
        #expect(address.path == "/tmp/aws.iot.lookoutvision.EdgeAgent.sock.attach")
        #expect(try SocketAddress("unix:agent.sock").forAttaching().path == "agent.sock.attach")
    }

    @Test func aPathWithoutRoomForTheSecondSocketIsRefusedWithItsBound() throws {
        let longest = String(repeating: "s", count: 100)
        #expect(try SocketAddress("unix:" + longest).forAttaching().path.utf8.count == 107)
        let address = try SocketAddress("unix:\(longest)s")
        let error = #expect(throws: AgentError.self) { try address.forAttaching() }
        #expect(error?.message.contains("at most 100") == true)
    }

    @Test(arguments: [
        (user: UInt32(1000), agent: UInt32(1000), may: true), (0, 1000, true), (0, 0, true),
        (1001, 1000, false), (1000, 0, false), (65_534, 1000, false),
    ])
    func onlyTheAgentsUserAndRootMayAttach(user: UInt32, agent: UInt32, may: Bool) {
        let peer = PeerCredentials(process: 1, user: user, group: 1000)
        #expect(peer.mayAttach(toAgentOf: agent) == may)
    }

    @Test func theSocketForAttachingIsItsOwnersAlone() {
        #expect(AgentLimits.attachingSocketMode == 0o600)
    }
}
