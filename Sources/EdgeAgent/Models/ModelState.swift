/// The life of a model on the device, as a value.
///
/// A call in the wrong state is the peer's error. A load that ends after its model was detached or
/// replaced is a benign race: its number is old, and it is dropped.
package struct ModelState: Sendable, Equatable {
    /// The five states of Lookout for Vision's edge interface.
    package enum Status: Sendable, Equatable {
        case stopped, starting, running, failed, stopping

        /// The interface's word.
        package var name: String {
            switch self {
            case .stopped: "STOPPED"
            case .starting: "STARTING"
            case .running: "RUNNING"
            case .failed: "FAILED"
            case .stopping: "STOPPING"
            }
        }
    }

    /// Changes only by the calls below.
    package private(set) var status = Status.stopped
    /// A sentence about the state, which DescribeModel and ListModels return.
    package private(set) var message: String
    /// Number of the newest load, so that the end of an older one is recognised and dropped.
    package private(set) var load = 0
    /// Detections under way.
    package private(set) var calls = 0

    /// Every model begins as STOPPED.
    package init(message: String = "The model is stopped.") { self.message = message }

    /// - Parameter number: of the load that the caller then has to do; never used before, also not
    ///   for another model of the same name.
    /// - Returns: `number`.
    package mutating func start(load number: Int) throws(AgentError) -> Int {
        guard status == .stopped || status == .failed else {
            throw wrong("StartModel", "STOPPED or FAILED")
        }
        status = .starting
        message = "The model is being loaded and checked."
        load = number
        return number
    }

    /// - Returns: false when the load is an old one.
    package mutating func loaded(_ number: Int, message text: String) -> Bool {
        guard status == .starting, number == load else { return false }
        status = .running
        message = text
        return true
    }

    /// Does nothing when the load is an old one.
    package mutating func failed(_ number: Int, message text: String) {
        guard status == .starting, number == load else { return }
        status = .failed
        message = text
    }

    /// The package itself cannot be read; StartModel tries again.
    package mutating func unreadable(_ text: String) {
        guard status == .stopped || status == .failed else { return }
        status = .failed
        message = text
    }

    /// Counts a detection; each needs one `endCall`.
    ///
    /// - Throws: `failedPrecondition` unless the model is RUNNING.
    package mutating func beginCall() throws(AgentError) {
        guard status == .running else { throw wrong("DetectAnomalies", "RUNNING") }
        calls += 1
    }

    /// - Returns: true when this was the last call that a stop waited for.
    package mutating func endCall() -> Bool {
        calls -= 1
        return status == .stopping && calls == 0
    }

    /// - Returns: true when calls are under way and the stop has to wait for `endCall`.
    package mutating func stop() throws(AgentError) -> Bool {
        guard status == .running else { throw wrong("StopModel", "RUNNING") }
        status = .stopping
        message = "The model ends its last detections."
        return calls > 0
    }

    /// Ends a stop after the last call; does nothing in any other state.
    package mutating func stopped() {
        guard status == .stopping else { return }
        status = .stopped
        message = "The model is stopped."
    }

    /// Replaces the message without a change of state.
    package mutating func note(_ text: String) { message = text }

    private func wrong(_ call: String, _ needed: String) -> AgentError {
        let reason = status == .failed ? " (\(message))" : ""
        return AgentError(
            .failedPrecondition,
            "\(call) needs a model that is \(needed); this one is \(status.name)\(reason).")
    }
}
