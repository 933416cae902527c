import EdgeAgent
import Testing

@Suite struct ModelStateTests {
    @Test func aModelStartsRunsAndStops() throws {
        var state = ModelState()
        let load = try state.start(load: 1)
        #expect(state.status == .starting)
        let isLoaded = state.loaded(load, message: "ready")
        #expect(isLoaded)
        try state.beginCall()
        let mustWait = try state.stop()
        #expect(mustWait)
        #expect(state.status == .stopping)
        let isLast = state.endCall()
        #expect(isLast)
        state.stopped()
        #expect(state.status == .stopped)
    }

    @Test func callsInTheWrongStateNameTheStateThatIsNeeded() throws {
        var state = ModelState()
        var error = #expect(throws: AgentError.self) { try state.beginCall() }
        #expect(error?.code == .failedPrecondition && error?.message.contains("RUNNING") == true)
        error = #expect(throws: AgentError.self) { _ = try state.stop() }
        #expect(error?.message.contains("STOPPED") == true)
        _ = try state.start(load: 1)
        error = #expect(throws: AgentError.self) { _ = try state.start(load: 1) }
        #expect(error?.message.contains("STOPPED or FAILED") == true)
    }

    @Test func aFailedModelSaysWhyAndStartsAgain() throws {
        var state = ModelState()
        state.failed(try state.start(load: 1), message: "no memory")
        let error = #expect(throws: AgentError.self) { try state.beginCall() }
        #expect(error?.message.contains("no memory") == true)
        let load = try state.start(load: 2)
        #expect(load == 2)
    }

    @Test func theEndOfAnOldLoadIsDropped() throws {
        var state = ModelState()
        let old = try state.start(load: 1)
        state.failed(old, message: "damaged")
        let new = try state.start(load: 2)
        let isTaken = state.loaded(old, message: "late")
        #expect(!isTaken && state.status == .starting)
        state.failed(old, message: "late")
        #expect(state.status == .starting)
        let isNewTaken = state.loaded(new, message: "ready")
        #expect(isNewTaken)
    }

    @Test func aStopWithoutCallsNeedNotWait() throws {
        var state = ModelState()
        _ = state.loaded(try state.start(load: 1), message: "ready")
        let mustWait = try state.stop()
        #expect(!mustWait)
    }
}

@Suite struct SettingsTests {
    @Test func settingsComeAsAComponentsConfigurationGivesThem() throws {
        let settings = try ModelSettings([
            "Autostart": "true", "Threshold": "12.5", "Accelerator": "cpu", "Fallback": "",
        ])
        #expect(
            settings == ModelSettings(threshold: 12.5, accelerator: .cpu, autostart: true))
        #expect(try ModelSettings(settings.values) == settings)
    }

    @Test(arguments: [
        ("Threshold", "-1"), ("Threshold", "nan"), ("Autostart", "yes"), ("Accelerator", "TPU"),
        ("Speed", "1"),
    ])
    func aWrongSettingIsNamed(name: String, value: String) {
        let error = #expect(throws: AgentError.self) { try ModelSettings([name: value]) }
        #expect(error?.message.contains(name) == true)
    }

    @Test(arguments: ["http://x", "unix:", "unix://" + String(repeating: "p", count: 108)])
    func aWrongSocketIsRefused(text: String) {
        #expect(throws: AgentError.self) { try SocketAddress(text) }
    }

    @Test func bothSpellingsOfASocketAreTaken() throws {
        #expect(try SocketAddress("unix:///tmp/a").path == "/tmp/a")
        #expect(try SocketAddress("unix:/tmp/a").path == "/tmp/a")
        #expect(try SocketAddress("unix:a").path == "a")
    }
}
