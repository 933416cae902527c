import Administration
import ArgumentParser
import Foundation
import Vision

struct ProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project",
        abstract: "Shows and changes how a project's models are trained.",
        discussion: """
            Settings count from the next CreateModel on; models that exist stay as they are. The \
            server may run.
            """,
        subcommands: [List.self, Show.self, Set.self])

    enum ImageSizes: String, ExpressibleByArgument, CaseIterable {
        /// All images of a project have one size.
        case one
        case mixed
    }

    struct FalseAlarms: NumberOrWord {
        static let word = "default"
        static func number(_ text: String) -> Double? {
            Double(text).flatMap { Decision.falseAlarmRates.contains($0) ? $0 : nil }
        }

        let number: Double?
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the projects with their settings.")

        @OptionGroup var stores: StoresOptions

        func run() async throws {
            await stores.reporting { stores in
                for project in try await ProjectRegistry(stores).all() {
                    Output.line(
                        "\(project.name)  models up to \(project.lastModelVersion)  "
                            + "image-sizes \(ProjectCommand.sizes(project).rawValue)  "
                            + "false-alarms \(ProjectCommand.falseAlarms(project))  "
                            + "latency-ms \(ProjectCommand.latency(project))  "
                            + "backbone \(project.backbone ?? "default")")
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows a project's settings.")

        @OptionGroup var stores: StoresOptions
        @Argument(help: "Name of the project.")
        var name: String

        func run() async throws {
            await stores.reporting { stores in
                ProjectCommand.show(try await ProjectRegistry(stores).project(name))
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Changes a project's settings and shows them.")

        @OptionGroup var stores: StoresOptions
        @Argument(help: "Name of the project.")
        var name: String
        @Option(
            help: ArgumentHelp(
                """
                ONNX file of the network that models are built on, with one float input \
                [1, 3, H, W] and float outputs [1, C, h, w]; 'default' takes the server's.
                """, valueName: "file.onnx|default"))
        var backbone: String?
        @OptionGroup var backboneOptions: BackboneOptions
        @Option(
            help: """
                'one': all images have the size of the first. 'mixed': training brings all to the \
                first one's size and the models take any size; aspects are not kept.
                """)
        var imageSizes: ImageSizes?
        @Option(
            help: ArgumentHelp(
                """
                Share of new normal images that may be called anomalous, such as 0.02, which the \
                threshold is placed by; 'default' places it where F1 is best, but by 0.25 at \
                most, or with fewer than four labelled anomalies by 0.05.
                """, valueName: "0.005...0.5|default"))
        var falseAlarms: FalseAlarms?
        @Option(
            help: ArgumentHelp(
                """
                Milliseconds that judging an image may take with one thread on the machine that \
                trains, without reading it; training leaves larger views out, the smallest stays. \
                0.1 to 60000; 'none' sets no bound.
                """, valueName: "number|none"))
        var latencyMs: LatencyBound?

        private var change: ProjectRegistry.Change.Backbone? {
            backbone.map {
                $0 == "default"
                    ? .standard
                    : .file(BackboneFile(path: $0, annotations: backboneOptions.annotations))
            }
        }

        func validate() throws {
            try backboneOptions.check(isFile: backbone != nil && backbone != "default")
            guard
                backbone != nil || imageSizes != nil || falseAlarms != nil || latencyMs != nil
            else {
                throw ValidationError(
                    "Give --backbone, --image-sizes, --false-alarms, --latency-ms or several of "
                        + "them.")
            }
        }

        func run() async throws {
            await stores.reporting { stores in
                let projects = ProjectRegistry(stores)
                try await projects.set(
                    name,
                    ProjectRegistry.Change(
                        backbone: change, acceptsMixedSizes: imageSizes.map { $0 == .mixed },
                        falseAlarmRate: falseAlarms.map(\.number),
                        latencyMillisecondsMax: latencyMs.map(\.number)),
                    environment: ProcessInfo.processInfo.environment)
                ProjectCommand.show(try await projects.project(name))
            }
        }
    }

    private static func sizes(_ project: ProjectRegistry.Project) -> ImageSizes {
        project.acceptsMixedSizes ? .mixed : .one
    }

    private static func falseAlarms(_ project: ProjectRegistry.Project) -> String {
        project.falseAlarmRate.map { "\($0)" } ?? "default"
    }

    private static func latency(_ project: ProjectRegistry.Project) -> String {
        project.latencyMillisecondsMax.map { "\($0)" } ?? "none"
    }

    private static func show(_ project: ProjectRegistry.Project) {
        Output.line("project = \(project.name)")
        Output.line("backbone = \(project.backbone ?? "default")")
        Output.line("image-sizes = \(sizes(project).rawValue)")
        Output.line("false-alarms = \(falseAlarms(project))")
        Output.line("latency-ms = \(latency(project))")
        Output.line("newest-model = \(project.lastModelVersion)")
    }
}
