package import FoundationEssentials
package import Logging
import ServiceLifecycle
package import Storage
import Synchronization

/// Lets the other processes at the database know that this one is alive, and knows which of them
/// are.
///
/// A process that ends in order removes its row; one that does not is gone for the others after
/// `Limits.memberGoneSeconds`. A lone server is a cluster of one.
package final class Membership: ServiceLifecycle.Service {
    private struct State {
        var own: MemberRecord
        var view: MemberView
    }

    private let metadata: any MetadataStore
    private let now: @Sendable () -> Date
    private let clock: any Clock<Duration>
    private let random: @Sendable () -> Double
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - own: this process.
    ///   - random: 0 to 1; spreads the beats of processes that started together.
    package init(
        own: MemberRecord, metadata: any MetadataStore, now: @escaping @Sendable () -> Date,
        clock: any Clock<Duration> = ContinuousClock(),
        random: @escaping @Sendable () -> Double = { Double.random(in: 0...1) }, logger: Logger
    ) {
        self.metadata = metadata
        self.now = now
        self.clock = clock
        self.random = random
        self.logger = logger
        state = Mutex(State(own: own, view: MemberView(own: own.id)))
    }

    /// Those alive when the table was last read, in the order of their start; this process is
    /// among them. While the database is away they stay.
    package var members: [MemberRecord] {
        let (view, own) = state.withLock { ($0.view.members, $0.own) }
        return view.contains { $0.id == own.id } ? view : view + [own]
    }

    /// Servers that share out what is bounded for all of them; at least 1.
    package var serverCount: Int { max(1, members.count { $0.role == .server }) }

    /// Writes this member's row every `Limits.memberBeatSeconds`, give or take a tenth, until the
    /// request to shut down, and removes it then. Errors are logged; it never throws.
    package func run() async throws {
        await cancelWhenGracefulShutdown { await self.beats() }
        await leave()
    }

    private func beats() async {
        var isAway = false
        while !Task.isCancelled {
            do {
                try await beat()
                if isAway { logger.notice("The table of members can be used again") }
                isAway = false
            } catch is CancellationError {
                return
            } catch {
                // Once is enough: an outage is many beats long.
                if !isAway {
                    logger.warning(
                        "The table of members cannot be used; the last members known stay",
                        metadata: ["error": "\(error)"])
                }
                isAway = true
            }
            let pause = Limits.memberBeatSeconds * (0.9 + 0.2 * random())
            try? await clock.sleep(for: .seconds(pause))
        }
    }

    /// Writes this member's row, reads everybody else's, and removes those of members that have
    /// been silent for `Limits.memberForgottenSeconds`.
    ///
    /// - Throws: `StorageError` when the database cannot be used; the members last known stay.
    package func beat() async throws {
        let now = now()
        let own = state.withLock { state in
            state.own.seen = now
            return state.own
        }
        try await metadata.write { try $0.save(own) }
        // A transaction of its own: with the write it would meet everybody else's.
        let rows = try await metadata.read {
            try $0.members(seenSince: Date(timeIntervalSince1970: 0))
        }
        let forgotten = state.withLock { $0.view.observe(rows, now: now) }
        guard !forgotten.isEmpty else { return }
        try await metadata.write { transaction in
            let rows = try transaction.members(seenSince: Date(timeIntervalSince1970: 0))
            for member in forgotten where rows.contains(where: { $0 == member }) {
                try transaction.removeMember(member.id)
            }
        }
    }

    private func leave() async {
        let id = state.withLock { $0.own.id }
        do {
            try await Shield.run { [metadata] in
                try await metadata.write { try $0.removeMember(id) }
            }
        } catch {
            logger.notice(
                "The others will notice the end of this process a little later",
                metadata: ["error": "\(error)"])
        }
    }
}
