import Base
import Synchronization
package import Vision

/// The models that the agent knows, with their states. All calls return at once, but `stop`.
package final class ModelShelf: Sendable {
    /// A load that somebody has to do, off the cooperative pool.
    package struct Load: Sendable {
        /// Key of the model on the shelf.
        package let component: String
        /// Unique for the shelf's life; an older load of the same component is dropped by it.
        package let number: Int
        /// As it was when the start was requested; a version that arrives later needs another
        /// start.
        package let source: ModelSource
    }

    private struct Slot {
        var source: ModelSource
        var manifest: ModelManifest?
        var state = ModelState()
        var detector: Detector?
        /// Stream that holds the model; nil for one from a folder.
        var attachment: Int?
        var stopWaiters: [CheckedContinuation<Void, Never>] = []
        /// What a folder holds now, while the source before it is in use.
        var next: ModelSource?

        init(
            source: ModelSource, _ read: Result<ModelManifest, VisionError>, attachment: Int?
        ) {
            self.source = source
            self.attachment = attachment
            switch read {
            case .success(let manifest): self.manifest = manifest
            case .failure(let error): state.unreadable(error.message)
            }
        }
    }

    private struct State {
        var slots: [String: Slot] = [:]
        var attachments = 0
        var loads = 0
    }

    private let state = Mutex(State())
    /// Tells of every change of any model.
    package let changes = ChangeFeed()
    private let configuration: AgentConfiguration
    /// Loads to be done, in the order of the requests; `ModelLoader` takes them.
    package let loads: AsyncStream<Load>
    private let loadRequests: AsyncStream<Load>.Continuation

    /// Begins without models; attachments and `FolderWatch` add them.
    package init(configuration: AgentConfiguration) {
        self.configuration = configuration
        // Bounded by the models that are STARTING, and by `isCurrent` in time.
        (loads, loadRequests) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    /// All models, sorted by component name.
    package func list() -> [ModelListing] {
        state.withLock { Array($0.slots.values) }
            .sorted { $0.source.component < $1.source.component }.map(Self.listing)
    }

    /// - Throws: `notFound` for a component that the agent does not have.
    package func describe(_ component: String) throws(AgentError) -> ModelListing {
        try Self.listing(slot(component))
    }

    private static func listing(_ slot: Slot) -> ModelListing {
        ModelListing(
            component: slot.source.component, arn: slot.manifest?.modelArn ?? "",
            status: slot.state.status, message: slot.state.message)
    }

    private func slot(_ component: String) throws(AgentError) -> Slot {
        try state.withLock { state throws(AgentError) in
            guard let slot = state.slots[component] else { throw Self.unknown(component) }
            return slot
        }
    }

    private static func unknown(_ component: String) -> AgentError {
        guard ComponentName(component) != nil else {
            return AgentError(
                .invalidArgument,
                "model_component '\(component.excerpt)' cannot be the name of a component.")
        }
        return AgentError(
            .notFound,
            "There is no model component '\(component.excerpt)'; ListModels names those there are.")
    }

    // MARK: Starting and stopping

    /// Queues a load and returns before it has begun. A newer version that a folder holds is taken.
    ///
    /// - Returns: `starting`.
    /// - Throws: `notFound`, or `failedPrecondition` for a model that is neither stopped nor
    ///   failed.
    package func start(_ component: String) throws(AgentError) -> ModelState.Status {
        let load = try state.withLock { state throws(AgentError) -> Load in
            guard var slot = state.slots[component] else { throw Self.unknown(component) }
            let number = try slot.state.start(load: state.loads + 1)
            state.loads = number
            if let next = slot.next {
                slot.source = next
                slot.next = nil
            }
            state.slots[component] = slot
            return Load(component: component, number: number, source: slot.source)
        }
        loadRequests.yield(load)
        changes.notify()
        return .starting
    }

    /// Whether somebody still waits for the load.
    func isCurrent(_ load: Load) -> Bool {
        state.withLock { state in
            guard let slot = state.slots[load.component] else { return false }
            return slot.state.status == .starting && slot.state.load == load.number
        }
    }

    /// The end of a load; one that nobody waits for any more is dropped.
    package func finish(_ load: Load, _ result: Result<(Detector, String), VisionError>) {
        state.withLock { state in
            guard var slot = state.slots[load.component] else { return }
            switch result {
            case .success((let detector, let message)):
                if slot.state.loaded(load.number, message: message) {
                    slot.detector = detector
                    slot.manifest = detector.manifest
                }
            case .failure(let error): slot.state.failed(load.number, message: error.message)
            }
            state.slots[load.component] = slot
        }
        changes.notify()
    }

    /// Returns when the last detection has ended.
    package func stop(_ component: String) async throws -> ModelState.Status {
        let mustWait = try state.withLock { state throws(AgentError) -> Bool in
            guard var slot = state.slots[component] else { throw Self.unknown(component) }
            let mustWait = try slot.state.stop()
            if !mustWait { Self.release(&slot) }
            state.slots[component] = slot
            return mustWait
        }
        changes.notify()
        if mustWait {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.slots[component]?.state.status == .stopping else { return true }
                    state.slots[component]?.stopWaiters.append(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        }
        return .stopped
    }

    private static func release(_ slot: inout Slot) {
        slot.state.stopped()
        slot.detector = nil
    }

    // MARK: Detecting

    /// A detector that stays loaded until `endCall`.
    package func beginCall(_ component: String) throws(AgentError) -> Detector {
        try state.withLock { state throws(AgentError) in
            guard var slot = state.slots[component] else { throw Self.unknown(component) }
            try slot.state.beginCall()
            guard let detector = slot.detector else {
                throw AgentError(.internalError, "A running model has no detector.")
            }
            state.slots[component] = slot
            return detector
        }
    }

    /// Ends what `beginCall` began. The last call of a model that is stopping releases its detector
    /// and lets `stop` return.
    package func endCall(_ component: String, _ detector: Detector) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            // The model may have been detached or replaced since.
            guard var slot = state.slots[component], slot.detector === detector else { return [] }
            var waiters: [CheckedContinuation<Void, Never>] = []
            if slot.state.endCall() {
                waiters = slot.stopWaiters
                slot.stopWaiters = []
                Self.release(&slot)
            }
            state.slots[component] = slot
            return waiters
        }
        guard !waiters.isEmpty else { return }
        for waiter in waiters { waiter.resume() }
        changes.notify()
    }

    // MARK: Attached models

    /// Lists an attached model. An earlier attachment of the component gives way.
    ///
    /// - Parameter read: the package's manifest, or why it cannot be read.
    /// - Returns: the number that `detach` takes.
    package func attach(_ source: ModelSource, _ read: Result<ModelManifest, VisionError>)
        throws(AgentError) -> Int
    {
        try ModelSource.checkName(source.component)
        var source = source
        source.settings = source.settings.over(configuration.components[source.component])
        let (number, waiters) = try state.withLock { state throws(AgentError) in
            let old = state.slots[source.component]
            guard old != nil || state.slots.count < AgentLimits.modelsMax else {
                throw AgentError(
                    .resourceExhausted, "The agent holds \(AgentLimits.modelsMax) models already.")
            }
            state.attachments += 1
            let slot = Slot(source: source, read, attachment: state.attachments)
            state.slots[source.component] = slot
            return (state.attachments, old?.stopWaiters ?? [])
        }
        for waiter in waiters { waiter.resume() }
        changes.notify()
        return number
    }

    /// Removes an attached model when its stream ends; does nothing when a newer attachment has
    /// taken the component. Detections under way keep their detector until they end.
    package func detach(_ component: String, _ number: Int) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard let slot = state.slots[component], slot.attachment == number else { return [] }
            state.slots[component] = nil
            return slot.stopWaiters
        }
        for waiter in waiters { waiter.resume() }
        changes.notify()
    }

    /// - Returns: nil when another attachment has taken the component.
    package func listing(_ component: String, attachment number: Int) -> ModelListing? {
        state.withLock { state in
            guard let slot = state.slots[component], slot.attachment == number else { return nil }
            return Self.listing(slot)
        }
    }

    // MARK: Folders

    /// Sources known from folders, so that only new or changed ones are read.
    package func knownStamps() -> [String: String] {
        state.withLock { state in
            state.slots.filter { $0.value.attachment == nil }.mapValues {
                Self.identity($0.next ?? $0.source)
            }
        }
    }

    static func identity(_ source: ModelSource) -> String {
        "\(source.paths.first ?? "") \(source.stamp)"
    }

    /// Takes what a scan of the folders found; attached components go before.
    ///
    /// - Parameter read: manifest or problem of each source that is new or changed.
    /// - Returns: components that should be started by themselves.
    package func update(
        _ sources: [ModelSource], read: [String: Result<ModelManifest, VisionError>]
    ) -> [String] {
        let components = Set(sources.map(\.component))
        let starts = state.withLock { state -> [String] in
            for (name, slot) in state.slots
            where slot.attachment == nil && !components.contains(name)
                && [.stopped, .failed].contains(slot.state.status)
            {
                state.slots[name] = nil
            }
            return sources.compactMap { source in
                guard let result = read[source.component] else { return nil }
                return Self.take(source, result, configuration, &state.slots)
            }
        }
        if !read.isEmpty { changes.notify() }
        return starts
    }

    private static func take(
        _ source: ModelSource, _ result: Result<ModelManifest, VisionError>,
        _ configuration: AgentConfiguration, _ slots: inout [String: Slot]
    ) -> String? {
        if slots[source.component]?.attachment != nil { return nil }
        var source = source
        source.settings = source.settings.over(configuration.components[source.component])
        let old = slots[source.component]
        if var slot = old, ![.stopped, .failed].contains(slot.state.status) {
            slot.next = source
            if case .success = result {
                slot.state.note(
                    "Version \(source.version) has arrived; stop and start the model to use it.")
            }
            slots[source.component] = slot
            return nil
        }
        guard old != nil || slots.count < AgentLimits.modelsMax else { return nil }
        slots[source.component] = Slot(source: source, result, attachment: nil)
        // What could not be read before may have been half copied; it is as good as new.
        let isNew = old?.manifest == nil
        return isNew && source.settings.autostart == true ? source.component : nil
    }
}
