import Administration
import ArgumentParser
import Vision

struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "Shows a model and sets its threshold.",
        discussion: """
            An image is anomalous when its score is above the threshold. DetectAnomalies returns \
            the score in the response header x-spotter-score. Another threshold counts from the \
            next call on and for packages made after it; nothing is trained again. The server may \
            run.
            """,
        subcommands: [Show.self, Set.self])

    struct Selection: ParsableArguments {
        @OptionGroup var stores: StoresOptions
        @Argument(help: "Name of the project.")
        var project: String
        @Argument(help: "Version of the model.")
        var version: Int
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Shows a model's status, threshold, false alarms, backbone, sizes and latency.")

        @OptionGroup var selection: Selection

        func run() async throws {
            await selection.stores.reporting { stores in
                try await ModelCommand.show(selection, stores)
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets a model's thresholds and shows the model.")

        struct Threshold: NumberOrWord {
            static let word = "default"
            static func number(_ text: String) -> Double? { Decision.threshold(text) }

            let number: Double?
        }

        @OptionGroup var selection: Selection
        @Option(
            help: ArgumentHelp(
                "A number above 0, in units of the score; 'default' takes what training chose.",
                valueName: "number|default"))
        var threshold: Threshold?
        @Option(
            help: ArgumentHelp(
                "A second threshold, on either side of the first: between both a person is to "
                    + "judge. 'default' takes it away.",
                valueName: "number|default"))
        var unsureThreshold: Threshold?

        func validate() throws {
            guard threshold != nil || unsureThreshold != nil else {
                throw ValidationError("Give --threshold or --unsure-threshold.")
            }
        }

        func run() async throws {
            await selection.stores.reporting { stores in
                let registry = ModelRegistry(stores)
                let (project, version) = (selection.project, selection.version)
                if let threshold {
                    try await registry.setThreshold(threshold.number, project, version)
                }
                if let unsureThreshold {
                    try await registry.setUnsureThreshold(
                        unsureThreshold.number, project, version)
                }
                try await ModelCommand.show(selection, stores)
            }
        }
    }

    private static func show(_ selection: Selection, _ stores: Stores) async throws {
        let model = try await ModelRegistry(stores).model(selection.project, selection.version)
        Output.line("model = \(selection.project)/\(selection.version)")
        Output.line("status = \(model.status)")
        guard let trained = model.trainedThreshold else { return }
        Output.line("threshold = \(model.setThreshold ?? trained)")
        Output.line("trained-threshold = \(trained)")
        if let unsure = model.unsureThreshold { Output.line("unsure-threshold = \(unsure)") }
        if let rate = model.falseAlarmRate { Output.line("false-alarms = \(rate)") }
        Output.line("backbone = \(model.backbone ?? "unknown")")
        if let width = model.imageWidth, let height = model.imageHeight {
            Output.line(
                "image-size = \(width)×\(height)\(model.acceptsOtherSizes ? ", others" : "")")
        }
        if let width = model.viewWidth, let height = model.viewHeight {
            Output.line("view = \(width)×\(height)")
        }
        if let milliseconds = model.latencyMilliseconds, let bound = model.latencyMillisecondsMax {
            Output.line("latency-ms = \(LatencyBound.text(milliseconds, atMost: bound))")
        }
    }
}
