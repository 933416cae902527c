import Storage
import Wire

extension Operations {
    /// Newest first.
    func listModelPackagingJobs(_ request: ListModelPackagingJobsRequest) async throws
        -> ListModelPackagingJobsResponse
    {
        let list = "packaging jobs of \(request.projectName)"
        let (limit, position) = try paging(request.maxResults, request.nextToken, list: list)
        let found = try await context.metadata.read { transaction in
            _ = try Lookup.project(request.projectName, transaction)
            return try transaction.packagingJobs(
                request.projectName, after: position, limit: limit + 1)
        }
        let (jobs, token) = page(found, limit: limit, list: list) { $0.jobName }
        return ListModelPackagingJobsResponse(
            modelPackagingJobs: jobs.map(\.metadata), nextToken: token)
    }
}
