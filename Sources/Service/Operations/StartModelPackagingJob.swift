import Base
import FoundationEssentials
import Storage
import Wire

extension Operations {
    func startModelPackagingJob(_ request: StartModelPackagingJobRequest) async throws
        -> StartModelPackagingJobResponse
    {
        let now = context.now()
        let greengrass = request.configuration.greengrass
        let device = try PackagingTarget.Device(resolving: greengrass)
        try context.checkBucket(
            greengrass.s3OutputLocation.bucket, "Configuration.Greengrass.S3OutputLocation.Bucket")
        try TagRules.check(greengrass.tags ?? [])
        try TagRules.checkCount(greengrass.tags ?? [], of: "the component")
        let component = try greengrass.component()
        let jobName = request.jobName ?? UUID.random().uuidString.lowercased()
        return try await mutate(
            .startModelPackagingJob, request, token: request.clientToken,
            project: request.projectName,
            isOver: { transaction, answered in
                answered.precedes(try transaction.project(request.projectName)?.created)
            }
        ) { transaction in
            let model = try Lookup.model(request.projectName, request.modelVersion, transaction)
            guard model.status == .trained || model.status == .hosted else {
                throw WireError.conflict(
                    "The model is \(model.status.rawValue); only a TRAINED or HOSTED model can be "
                        + "packaged.", .model, "\(model.project)/\(model.version)")
            }
            guard try transaction.packagingJob(model.project, jobName) == nil else {
                throw WireError.conflict(
                    "The project \(model.project) already has a packaging job \(jobName).",
                    .modelPackageJob, jobName)
            }
            let target = try PackagingTarget(
                greengrass, component: component, device: device, project: model.project,
                modelVersion: model.version)
            try target.archive.checkOutput(
                "the archive", "Configuration.Greengrass.S3OutputLocation")
            let record = PackagingRecord(
                project: model.project, jobName: jobName, modelVersion: model.version,
                configuration: request.configuration, target: target,
                description: request.description, created: now)
            try transaction.save(record, componentVersion: record.componentVersion)
            let job = JobSubject.package(project: model.project, jobName: jobName)
            try transaction.save(try job.record(created: now))
            return StartModelPackagingJobResponse(jobName: jobName)
        }
    }
}
