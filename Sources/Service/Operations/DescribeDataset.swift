import Storage
import Wire

extension Operations {
    func describeDataset(_ request: DescribeDatasetRequest) async throws -> DescribeDatasetResponse
    {
        try await context.metadata.read { transaction in
            DescribeDatasetResponse(
                datasetDescription: try Lookup.dataset(
                    request.projectName, request.datasetType, transaction
                ).answer)
        }
    }
}
