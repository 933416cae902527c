import FoundationEssentials
import Storage
import Wire
import WireAWS

extension Operations {
    /// Without a source the dataset is empty and complete; with one, a job reads the manifest.
    func createDataset(_ request: CreateDatasetRequest) async throws -> CreateDatasetResponse {
        let (project, type, now) = (request.projectName, request.datasetType, context.now())
        let manifest = try Self.manifest(of: request)
        // AWS's own SDK sends one always.
        let isVersioned =
            request.datasetSource?.groundTruthManifest?.s3Object?.versionId != nil
        try context.checkBucket(
            manifest?.bucket, "DatasetSource.GroundTruthManifest.S3Object.Bucket")
        let reader = PictureReader(caller)
        return try await mutate(
            .createDataset, request, token: request.clientToken, project: project,
            isOver: { transaction, answered in
                answered.precedes(try transaction.dataset(project, type)?.created)
            }
        ) { transaction in
            _ = try Lookup.project(project, transaction)
            guard try transaction.dataset(project, type) == nil else {
                throw WireError.conflict(
                    "The project \(project) already has a \(type.rawValue) dataset.", .dataset,
                    "\(project)/\(type.rawValue)")
            }
            var dataset = DatasetRecord(
                project: project, type: type, created: now,
                status: manifest == nil ? .createComplete : .createInProgress)
            if let manifest, isVersioned {
                dataset.say(
                    "\(manifest.uri) is being read. VersionId is not used: buckets have no "
                        + "versions.")
            }
            try transaction.save(dataset)
            if let manifest {
                let job = JobSubject.readManifest(
                    project: project, type: type, manifest: manifest, reader: reader)
                try transaction.save(try job.record(created: now))
            }
            return CreateDatasetResponse(datasetMetadata: dataset.metadata)
        }
    }

    private static func manifest(of request: CreateDatasetRequest) throws(WireError)
        -> ObjectLocation?
    {
        guard let source = request.datasetSource else { return nil }
        guard let object = source.groundTruthManifest?.s3Object else {
            throw .validation(
                "1 validation error detected: Value at 'DatasetSource' failed to satisfy "
                    + "constraint: Member must have GroundTruthManifest.S3Object")
        }
        return ObjectLocation(bucket: object.bucket, key: object.key)
    }
}
