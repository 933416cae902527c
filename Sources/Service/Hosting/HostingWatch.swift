import Logging
import ServiceLifecycle
import Storage
import Synchronization
import Wire

/// Keeps the models in memory in step with the rows, which other processes change too: lets those
/// go that are not hosted any more, and loads those that have become hosted while there is room.
/// Without it calls would still be right, since they read the row: only later, or with memory that
/// nobody uses.
package final class HostingWatch: Service {
    private let context: ServiceContext
    /// Those that were hosted when it last looked.
    private let hosted = Mutex<Set<ModelKey>>([])

    /// - Parameter context: of the process whose memory it watches.
    package init(context: ServiceContext) { self.context = context }

    /// Looks when a row of a model has changed, at most every `Limits.hostingWatchPauseSeconds`,
    /// and every `Limits.hostingWatchSeconds` in any case. Errors are logged; it never throws.
    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            let (started, continuation) = AsyncStream<[ModelRecord]>.makeStream()
            await withDiscardingTaskGroup { group in
                // Loading takes seconds; what is stopped meanwhile must not wait for it.
                group.addTask { for await models in started { await self.warm(models) } }
                await watch { continuation.yield($0) }
                continuation.finish()
            }
        }
    }

    private func watch(_ started: ([ModelRecord]) -> Void) async {
        while !Task.isCancelled {
            let seen = context.metadata.changes.count(.models)
            do {
                let models = try await look()
                if !models.isEmpty { started(models) }
                try await rest(beyond: seen)
            } catch is CancellationError {
                return
            } catch {
                context.logger.warning(
                    "The hosted models could not be read", metadata: ["error": "\(error)"])
                try? await context.clock.sleep(for: .seconds(Limits.hostingWatchSeconds))
            }
        }
    }

    /// Trainings write their models' rows every second, so a change is no reason to look at once.
    private func rest(beyond seen: Int) async throws {
        let (changes, clock) = (context.metadata.changes, context.clock)
        try await clock.sleep(for: .seconds(Limits.hostingWatchPauseSeconds))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await clock.sleep(
                    for: .seconds(Limits.hostingWatchSeconds - Limits.hostingWatchPauseSeconds))
            }
            group.addTask { await changes.wait(for: .models, beyond: seen) }
            try await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
    }

    /// Lets go what is not hosted any more.
    ///
    /// - Returns: the models that have become hosted since the last look, while there is room.
    func look() async throws -> [ModelRecord] {
        let (keys, hasRoom) = (context.host.keys, context.host.hasRoom)
        let (gone, all) = try await context.metadata.read { transaction in
            let gone = try keys.filter { key in
                let model = try transaction.model(key.project, key.version)
                guard let model, model.isWantedInMemory else { return true }
                return ModelKey(model) != key
            }
            return (gone, hasRoom ? try transaction.models(status: .hosted) : nil)
        }
        for key in gone { context.host.unload(key) }
        guard let all else { return [] }
        return hosted.withLock { hosted in
            let known = hosted
            hosted = Set(all.map(ModelKey.init))
            return all.filter { !known.contains(ModelKey($0)) }
        }
    }

    /// Loads models until there is no room. What goes wrong is logged, and reported to the first
    /// call that needs the model.
    func warm(_ models: [ModelRecord]) async {
        for model in models where !Task.isCancelled {
            do {
                guard try await context.host.warm(model) else { return }
            } catch {
                context.logger.warning(
                    "A hosted model could not be loaded",
                    metadata: [
                        "model": "\(model.project)/\(model.version)", "error": "\(error)",
                    ])
            }
        }
    }
}
