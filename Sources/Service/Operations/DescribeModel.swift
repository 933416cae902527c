import Storage
import Wire

extension Operations {
    func describeModel(_ request: DescribeModelRequest) async throws -> DescribeModelResponse {
        let arns = context.arns
        return try await context.metadata.read { transaction in
            DescribeModelResponse(
                modelDescription: try Lookup.model(
                    request.projectName, request.modelVersion, transaction
                ).answer(arns))
        }
    }
}
