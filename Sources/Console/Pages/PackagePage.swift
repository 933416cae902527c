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

    func answer() async throws -> ConsoleResponse {
        let found = try await ProjectPages(visit).found(project)
        let answer: DescribeModelPackagingJobResponse = try await visit.perform(
            .describeModelPackagingJob, ["projectName": project, "jobName": job])
        let description = answer.modelPackagingDescription
        let configuration = description.modelPackagingConfiguration.greengrass
        var values: [String: Any] = [
            "title": description.metadata.jobName, "project": project, "home": visit.home(project),
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
            ]
        }
        return visit.html("package", values)
    }

    private static func target(_ configuration: GreengrassConfiguration) -> String {
        if let device = configuration.targetDevice { return "\(device)" }
        guard let platform = configuration.targetPlatform else { return "" }
        return ["\(platform.os)", "\(platform.arch)", platform.accelerator.map { "\($0)" } ?? ""]
            .filter { !$0.isEmpty }.joined(separator: " ")
    }
}
