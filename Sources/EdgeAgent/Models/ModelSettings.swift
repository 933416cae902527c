package import FoundationEssentials
import Vision

/// What an operator may set for a model on this device.
package struct ModelSettings: Sendable, Codable, Equatable {
    /// Raw values are the words of the setting `Accelerator`, which is read without case.
    package enum Accelerator: String, Sendable, Codable, CaseIterable {
        /// What the package was made for.
        case package
        case cpu = "CPU"
        case cuda = "CUDA"
        case tensorRT = "TensorRT"
    }

    /// Takes the place of the package's threshold; in units of the score.
    package var threshold: Double?
    /// nil and `package` use what the package was made for.
    package var accelerator: Accelerator?
    /// Whether a device that lacks what the package was made for may compute on the CPU.
    package var fallback: Bool?
    /// Whether the agent starts the model as soon as it finds it; nil does not.
    package var autostart: Bool?

    /// nil leaves a setting open, so that other settings or the package decide: see `over`.
    package init(
        threshold: Double? = nil, accelerator: Accelerator? = nil, fallback: Bool? = nil,
        autostart: Bool? = nil
    ) {
        self.threshold = threshold
        self.accelerator = accelerator
        self.fallback = fallback
        self.autostart = autostart
    }

    /// Reads `NAME=VALUE` settings as a component's configuration gives them. An empty value
    /// leaves the default.
    package init(_ values: [String: String]) throws(AgentError) {
        self.init()
        for (name, value) in values.sorted(by: { $0.key < $1.key }) where !value.isEmpty {
            switch name.lowercased() {
            case "threshold":
                guard let number = Decision.threshold(value) else {
                    throw Self.wrong(name, value, "a number above 0")
                }
                threshold = number
            case "accelerator":
                let known = Accelerator.allCases
                guard
                    let match = known.first(where: {
                        $0.rawValue.lowercased() == value.lowercased()
                    })
                else {
                    let names = known.map(\.rawValue).joined(separator: ", ")
                    throw Self.wrong(name, value, "one of \(names)")
                }
                accelerator = match
            case "fallback": fallback = try Self.bool(name, value)
            case "autostart": autostart = try Self.bool(name, value)
            default:
                throw AgentError(
                    .invalidArgument,
                    "The setting '\(name)' is unknown; Autostart, Threshold, Accelerator and "
                        + "Fallback are known.")
            }
        }
    }

    /// The settings that are set, in the form that `init(_:)` reads.
    package var values: [String: String] {
        var values: [String: String] = [:]
        if let threshold { values["Threshold"] = "\(threshold)" }
        if let accelerator { values["Accelerator"] = accelerator.rawValue }
        if let fallback { values["Fallback"] = "\(fallback)" }
        if let autostart { values["Autostart"] = "\(autostart)" }
        return values
    }

    private static func bool(_ name: String, _ value: String) throws(AgentError) -> Bool {
        switch value.lowercased() {
        case "true": true
        case "false": false
        default: throw wrong(name, value, "true or false")
        }
    }

    private static func wrong(_ name: String, _ value: String, _ right: String) -> AgentError {
        AgentError(
            .invalidArgument, "The setting \(name) must be \(right), not '\(value.excerpt)'.")
    }

    /// These settings, with `other` for what they leave open.
    func over(_ other: ModelSettings?) -> ModelSettings {
        ModelSettings(
            threshold: threshold ?? other?.threshold,
            accelerator: accelerator ?? other?.accelerator, fallback: fallback ?? other?.fallback,
            autostart: autostart ?? other?.autostart)
    }
}

/// The agent's configuration file: settings by component.
///
///     {"Components": {"com.example.CircuitBoard": {"Threshold": 12.5, "Accelerator": "CPU"}}}
package struct AgentConfiguration: Sendable {
    /// By component name. They fill what the component's own configuration leaves open.
    package var components: [String: ModelSettings] = [:]

    /// No settings: every model uses those of its component and package.
    package init() {}

    /// - Parameter name: of the file, for messages.
    /// - Throws: `invalidArgument` naming the file and the component for a file that is too large,
    ///   is not JSON of this shape, or has an unknown setting or a value out of range.
    package init(decoding bytes: Data, name: String) throws(AgentError) {
        struct File: Decodable { var Components: [String: [String: Value]]? }
        guard bytes.count <= AgentLimits.configurationBytesMax else {
            throw AgentError(
                .invalidArgument,
                "\(name) has more than \(AgentLimits.configurationBytesMax) bytes.")
        }
        let file: File
        do {
            file = try JSONDecoder().decode(File.self, from: bytes)
        } catch {
            throw AgentError(
                .invalidArgument,
                "\(name) is not like {\"Components\": {\"NAME\": {\"Threshold\": 12.5}}}: \(error)")
        }
        for (component, values) in (file.Components ?? [:]).sorted(by: { $0.key < $1.key }) {
            do throws(AgentError) {
                components[component] = try ModelSettings(values.mapValues(\.text))
            } catch {
                throw AgentError(error.code, "\(name), component \(component): \(error.message)")
            }
        }
    }

    /// A setting in JSON: a string, number or truth value.
    private struct Value: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                text = "\(flag)"
            } else if let number = try? container.decode(Double.self) {
                text = "\(number)"
            } else {
                text = try container.decode(String.self)
            }
        }
    }
}
