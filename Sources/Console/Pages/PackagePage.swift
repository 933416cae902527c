import Access
import FoundationEssentials
import Service
import Wire

/// One packaging job: what it made, and the commands that bring it to a device.
struct PackagePage {
    private let visit: Visit
    private let project: String
    private let job: String

    init(_ visit: Visit, _ project: String, _ job: String) {
        self.visit = visit
        self.project = project
        self.job = job
    }

    private func description() async throws -> ModelPackagingDescription {
        let answer: DescribeModelPackagingJobResponse = try await visit.perform(
            .describeModelPackagingJob, ["projectName": project, "jobName": job])
        return answer.modelPackagingDescription
    }

    /// The archive that the job made, to be kept under its own name.
    func archive() async throws -> ConsoleResponse {
        guard let place = visit.operations.archive(of: try await description()) else {
            throw WireError(.resourceNotFound, "The packaging job \(job) has made no archive.")
        }
        return .download(
            place.split(separator: "/").last.map(String.init) ?? "", "application/zip",
            try await visit.operations.object(place, bytesMax: ConsoleLimits.archiveBytesMax))
    }

    /// The recipe of the component that the job made.
    func recipe() async throws -> ConsoleResponse {
        let description = try await description()
        guard let recipe = try await visit.operations.recipe(of: description),
            let made = description.modelPackagingOutputDetails?.greengrass
        else {
            throw WireError(
                .resourceNotFound, "This server has no recipe of the packaging job \(job).")
        }
        return .download(
            "\(made.componentName)-\(made.componentVersion).json", "application/json", recipe)
    }

    /// Publishes the agent for the device that the package is for.
    func publishAgent() async throws -> ConsoleResponse {
        let configuration = try await description().modelPackagingConfiguration.greengrass
        try await AgentPages(visit, Self.architecture(configuration))
            .publish(visit.request.form["version"] ?? "")
        return .redirect("\(visit.home(project))/packages/\(FormCoding.segment(job))#agent")
    }

    func answer() async throws -> ConsoleResponse {
        let found = try await ProjectPages(visit).found(project)
        let description = try await description()
        let configuration = description.modelPackagingConfiguration.greengrass
        var values: [String: Any] = [
            "title": Self.title(description), "name": description.metadata.jobName,
            "project": project, "home": visit.home(project),
            "status": description.metadata.status.rawValue,
            "message": description.metadata.statusMessage,
            "version": description.metadata.modelVersion,
            "modelPage": "\(visit.home(project))/models/"
                + FormCoding.segment(description.metadata.modelVersion),
            "created": ProjectPages.day(description.metadata.creationTimestamp),
            "target": Self.target(configuration), "options": configuration.compilerOptions ?? "",
            "bucket": configuration.s3OutputLocation.bucket,
            "component": configuration.componentName,
            "isBusy": found.isBusy, "state": found.state,
        ]
        if let details = description.modelPackagingOutputDetails?.greengrass {
            values["made"] = [
                "arn": details.componentVersionArn, "name": details.componentName,
                "version": details.componentVersion,
                "page": "\(visit.home(project))/packages/\(FormCoding.segment(job))",
                "archive": visit.operations.archive(of: description) ?? "",
                "file": visit.operations.archive(of: description)?.split(separator: "/").last
                    .map(String.init) ?? "",
            ]
            values.merge(
                try await AgentPages(visit, Self.architecture(configuration)).values()
            ) { $1 }
            // Where it cannot be shown the page says why.
            do {
                let recipe = try await visit.operations.recipe(of: description)
                values["recipe"] = recipe.map { String(decoding: $0, as: UTF8.self) } ?? ""
            } catch let error as AccessError {
                values["noRecipe"] = error.message
            }
        }
        return visit.html("package", values)
    }

    /// As Greengrass names it.
    private static func architecture(_ configuration: GreengrassConfiguration) -> String {
        let isARM =
            configuration.targetDevice != nil || configuration.targetPlatform?.arch == "ARM64"
        return isARM ? "aarch64" : "amd64"
    }

    /// The component with its version, as far as it is known.
    static func title(_ packaging: ModelPackagingDescription) -> String {
        let configuration = packaging.modelPackagingConfiguration.greengrass
        let version =
            packaging.modelPackagingOutputDetails?.greengrass.componentVersion
            ?? configuration.componentVersion
        return [configuration.componentName, version].compactMap { $0 }.joined(separator: " ")
    }

    /// What the package is for, as the form to make it says.
    static func target(_ configuration: GreengrassConfiguration) -> String {
        let names = [
            "LINUX": "Linux", "X86_64": "x86_64", "jetson_xavier": "NVIDIA Jetson Xavier",
        ]
        let parts =
            configuration.targetDevice.map { ["\($0)"] }
            ?? configuration.targetPlatform.map {
                ["\($0.os)", "\($0.arch)", $0.accelerator.map { "\($0)" } ?? ""]
            } ?? []
        return parts.filter { !$0.isEmpty }.map { names[$0] ?? $0 }.joined(separator: ", ")
    }
}
