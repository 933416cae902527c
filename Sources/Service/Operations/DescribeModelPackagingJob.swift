import Storage
import Wire

extension Operations {
    func describeModelPackagingJob(_ request: DescribeModelPackagingJobRequest) async throws
        -> DescribeModelPackagingJobResponse
    {
        try await context.metadata.read { transaction in
            _ = try Lookup.project(request.projectName, transaction)
            guard let job = try transaction.packagingJob(request.projectName, request.jobName)
            else {
                throw WireError.notFound(
                    "The project \(request.projectName) has no packaging job \(request.jobName).",
                    .modelPackageJob, request.jobName)
            }
            return DescribeModelPackagingJobResponse(
                modelPackagingDescription: ModelPackagingDescription(
                    metadata: job.metadata, configuration: job.configuration, output: job.output))
        }
    }
}
