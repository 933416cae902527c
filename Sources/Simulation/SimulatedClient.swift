import FoundationEssentials
import Service
import Storage
import TestSupport
import Vision
import Wire
import WireAWS

/// One call of a client.
struct SimulatedCall: Sendable {
    let method: String
    /// Below `projects`.
    let path: String
    var body = ""
    /// nil for a call that changes nothing.
    var token: String?
}

/// A client that makes calls, repeats those whose outcome it does not know as SDKs do, and compares
/// the answers with the rows.
struct SimulatedClient: Sendable {
    private static let triesMax = 6
    /// Calls of a client.
    private static let calls = 8...24
    /// A token is not used again when it may have been forgotten in between.
    private static let tokenSecondsMax = Limits.clientTokenSeconds * 0.9
    private static let manifest = "manifest"

    let simulation: Simulation
    let number: Int
    let actor: SimulatedActor

    /// Makes what users bring along.
    static func prepare(_ simulation: Simulation) async throws {
        let bucket = Simulation.userBucket
        try await simulation.objects.createBucket(bucket)
        let lines = (1...2).map { #"{"source-ref":"s3://\#(bucket)/\#($0).png"}"# }
        for (key, text) in [(manifest, lines.joined(separator: "\n")), ("broken", "{")] {
            try await simulation.objects.put(
                .bytes(Data(text.utf8)), at: ObjectLocation(bucket: bucket, key: key))
        }
    }

    func run() async {
        let clock = SimulatedClock(gate: simulation.gate, actor: actor)
        let range = Self.calls
        let calls = range.lowerBound + Int(Double(range.count - 1) * simulation.random())
        do {
            for index in 0..<calls {
                try await clock.sleep(for: .seconds(20 * simulation.random()))
                guard let call = call(index, of: calls) else { continue }
                try await perform(call, clock)
            }
        } catch is CancellationError {
            return
        } catch let violation as SimulationViolation {
            simulation.fail("\(actor.name): \(violation.reason)")
        } catch {
            simulation.fail("\(actor.name): \(error)")
        }
    }

    // MARK: Which call

    /// One that makes sense now, as far as the client knows.
    private func call(_ index: Int, of count: Int) -> SimulatedCall? {
        let token = "client-\(number)-\(index)"
        let now = simulation.snapshot
        let name = pick(SimulationSnapshot.projectNames) ?? ""
        guard now.projects[name] != nil else {
            return SimulatedCall(
                method: "POST", path: "", body: #"{"ProjectName":"\#(name)"}"#, token: token)
        }
        // Towards the end more is removed.
        let removes = simulation.random() < 0.1 + 0.5 * Double(index) / Double(count)
        let models = now.models.values.filter { $0.project == name }
            .sorted { $0.version < $1.version }
        if let call = reading(name, models) { return call }
        let candidates =
            datasetCalls(name, now.datasets[name], models, removes, token)
            + models.flatMap { modelCalls($0, removes, token) }
        if removes, models.isEmpty, now.datasets[name] == nil {
            return SimulatedCall(method: "DELETE", path: "/\(name)", token: token)
        }
        return pick(candidates)
    }

    private func pick<Value>(_ values: [Value]) -> Value? {
        values.isEmpty ? nil : values[Int(Double(values.count) * simulation.random())]
    }

    private func reading(_ name: String, _ models: [ModelRecord]) -> SimulatedCall? {
        guard simulation.random() < 0.15 else { return nil }
        guard let model = pick(models) else {
            return SimulatedCall(method: "GET", path: "/\(name)")
        }
        return SimulatedCall(method: "GET", path: "/\(name)/models/\(model.version)")
    }

    private func datasetCalls(
        _ name: String, _ dataset: DatasetRecord?, _ models: [ModelRecord], _ removes: Bool,
        _ token: String
    ) -> [SimulatedCall] {
        guard dataset != nil else {
            let key = simulation.random() < 0.9 ? Self.manifest : "broken"
            let source =
                #"{"GroundTruthManifest":{"S3Object":{"Bucket":"user","Key":"\#(key)"}}}"#
            let body = #"{"DatasetType":"train","DatasetSource":\#(source)}"#
            return [
                SimulatedCall(method: "POST", path: "/\(name)/datasets", body: body, token: token)
            ]
        }
        if removes {
            return [
                SimulatedCall(method: "DELETE", path: "/\(name)/datasets/train", token: token)
            ]
        }
        let bucket = simulation.random() < 0.95 ? "user" : "absent"
        let model =
            #"{"Description":"\#(token)","OutputConfig":"#
            + #"{"S3Location":{"Bucket":"\#(bucket)","Prefix":"out"}}}"#
        let line = Data(#"{"source-ref":"s3://user/\#(number).png"}"#.utf8)
        let changes = #"{"Changes":"\#(line.base64EncodedString())"}"#
        let train = SimulatedCall(
            method: "POST", path: "/\(name)/models", body: model, token: token)
        let update = SimulatedCall(
            method: "PATCH", path: "/\(name)/datasets/train/entries", body: changes, token: token)
        return models.count < 3 ? [train, train, update] : [update]
    }

    private func modelCalls(_ model: ModelRecord, _ removes: Bool, _ token: String)
        -> [SimulatedCall]
    {
        let path = "/\(model.project)/models/\(model.version)"
        let start = SimulatedCall(
            method: "POST", path: "\(path)/start", body: #"{"MinInferenceUnits":1}"#, token: token)
        let stop = SimulatedCall(method: "POST", path: "\(path)/stop", token: token)
        let delete = SimulatedCall(method: "DELETE", path: path, token: token)
        // Few names, so that jobs meet.
        let component = pick(["c", "d"]) ?? ""
        let version = pick(["1.0.0", "1.0.0", "2.0.0", "3.0.0"]) ?? ""
        let package = SimulatedCall(
            method: "POST", path: "/\(model.project)/modelpackagingjobs",
            body: """
                {"ModelVersion":"\(model.version)","Description":"\(token)","Configuration":
                {"Greengrass":{"ComponentName":"\(component)","ComponentVersion":"\(version)",
                "S3OutputLocation":{"Bucket":"user","Prefix":"packages"},
                "TargetPlatform":{"Os":"LINUX","Arch":"X86_64"}}}}
                """, token: token)
        switch model.status {
        case .trained: return removes ? [delete] : [package, package, start]
        case .hosted: return removes ? [stop] : [stop, package]
        case .trainingFailed, .hostingFailed: return [delete]
        default: return simulation.random() < 0.1 ? [start, stop, delete, package] : []
        }
    }

    // MARK: The call and its answer

    private func perform(_ call: SimulatedCall, _ clock: SimulatedClock) async throws {
        let began = simulation.gate.now
        var first: (answer: Data, standing: Standing)?
        for attempt in 1...Self.triesMax {
            let age = simulation.gate.now.timeIntervalSince(began)
            if attempt > 1, age > Self.tokenSecondsMax { return }
            do {
                guard let answer = try await ask(call) else {
                    // Nobody was there, or nobody knows what came of it.
                    try await clock.sleep(for: .seconds(3 * simulation.random()))
                    continue
                }
                if let first {
                    let isSame = answer == first.answer
                    if try await standing(call) == first.standing, !isSame {
                        throw SimulationViolation(
                            "\(call.method) \(call.path) was answered "
                                + "\(Self.text(first.answer)), and again \(Self.text(answer)).")
                    }
                    return
                }
                simulation.note("\(actor.name): \(call.method) \(call.path): \(Self.text(answer))")
                if attempt == 1 { try await compare(call, answer) }
                // A client that lost the answer asks again.
                guard call.token != nil, simulation.random() < 0.2 else { return }
                first = (answer, try await standing(call))
            } catch let error as WireError {
                simulation.note("\(actor.name): \(call.method) \(call.path): \(error.message)")
                var isChangedSince = true
                if let first { isChangedSince = try await standing(call) != first.standing }
                guard [.conflict, .resourceNotFound].contains(error.code), isChangedSince else {
                    throw SimulationViolation(
                        "\(call.method) \(call.path) was answered with an error: \(error.message)")
                }
                return
            }
        }
    }

    /// What calls make and unmake in a project. A token belongs to one change, so a repeated call
    /// has the first answer as long as this is the same; what workers do changes nothing in it.
    private struct Standing: Equatable {
        let project, dataset: Date?
        let models: [[Double]]
    }

    private func standing(_ call: SimulatedCall) async throws -> Standing {
        let project = try Self.project(of: call)
        let metadata = simulation.metadata
        return try await simulation.executor.outside {
            try await metadata.look { transaction in
                Standing(
                    project: try transaction.project(project)?.created,
                    dataset: try transaction.dataset(project, .train)?.created,
                    models: try transaction.models(project, before: nil, limit: 100).map {
                        let side =
                            switch $0.status {
                            case .startingHosting, .hosted: 1.0
                            case .deleting: 2.0
                            default: 0.0
                            }
                        return [Double($0.version), $0.created.timeIntervalSince1970, side]
                    })
            }
        }
    }

    private static func project(of call: SimulatedCall) throws -> String {
        if let name = call.path.split(separator: "/").first { return String(name) }
        return try member("ProjectName", Data(call.body.utf8)) ?? ""
    }

    private static func text(_ bytes: Data) -> String { String(decoding: bytes, as: UTF8.self) }

    /// - Returns: nil when nobody knows what came of it.
    private func ask(_ call: SimulatedCall) async throws -> Data? {
        guard let process = pick(simulation.running) else { return nil }
        let server = SimulatedActor(
            number: actor.number, name: actor.name, process: process, isClient: true,
            skewSeconds: actor.skewSeconds)
        let operations = Operations(context: try simulation.context(server))
        let path = "/2020-11-20/projects" + call.path
        let route = try Route.find(method: call.method, path: path)
        let input = try route.input(
            of: WireRequest(
                method: call.method, path: path,
                header: { $0 == "X-Amzn-Client-Token" ? call.token : nil },
                body: Data(call.body.utf8)))
        do {
            return try await operations.perform(route, input: input, payload: Data()).body
        } catch let error as StorageError where error.code == .unavailable {
            return nil
        }
    }

    /// An answer that was just given is what the rows say.
    private func compare(_ call: SimulatedCall, _ answer: Data) async throws {
        let parts = call.path.split(separator: "/").map(String.init)
        let project = try Self.project(of: call)
        let metadata = simulation.metadata
        let (exists, model, versions) = try await simulation.executor.outside {
            try await metadata.look { transaction in
                let version = parts.count > 2 && parts[1] == "models" ? Int(parts[2]) : nil
                return (
                    try transaction.project(project) != nil,
                    try version.flatMap { try transaction.model(project, $0) },
                    try transaction.models(project, before: nil, limit: 1).map(\.version)
                )
            }
        }
        let status: String? =
            switch (call.method, parts.count, parts.last) {
            case ("POST", 4, "start"): "STARTING_HOSTING"
            case ("POST", 4, "stop"): "STOPPING_HOSTING"
            case ("DELETE", 3, _) where parts[1] == "models": "DELETING"
            case ("GET", 3, _): try Self.member("Status", answer)
            default: nil
            }
        let isRight =
            switch (call.method, parts.count) {
            case ("DELETE", 1): !exists
            case ("POST", 2) where parts[1] == "models":
                try Self.member("ModelVersion", answer) == versions.first.map(String.init)
            default: exists && (status == nil || model?.status.rawValue == status)
            }
        guard isRight else {
            throw SimulationViolation(
                "\(call.method) \(call.path) was answered \(Self.text(answer)), and the rows say "
                    + "\(exists) \(model.map { "\($0)" } ?? "no model") \(versions).")
        }
    }

    /// The text of a member, at whatever depth.
    private static func member(_ name: String, _ bytes: Data) throws -> String? {
        func find(_ value: JSONValue) -> String? {
            guard let members = value.object else { return nil }
            if let text = members[name]?.string { return text }
            return members.sorted { $0.key < $1.key }.lazy.compactMap { find($0.value) }.first
        }
        return find(try JSONValue(parsing: bytes))
    }
}
