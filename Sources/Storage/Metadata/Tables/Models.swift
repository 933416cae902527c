package import Wire

/// Models and the jobs that package them.
extension MetadataTransaction {
    /// nil if the project has no model of this version.
    package func model(_ project: String, _ version: Int) throws -> ModelRecord? {
        try one(
            "SELECT document FROM model WHERE project = $1 AND version = $2", [project, version])
    }

    /// Models of a project, the newest first, from below version `before` (nil: from the newest).
    package func models(_ project: String, before: Int?, limit: Int) throws -> [ModelRecord] {
        try all(
            """
            SELECT document FROM model WHERE project = $1 AND version < $2
            ORDER BY version DESC LIMIT $3
            """, [project, before ?? Int.max, limit])
    }

    /// The newest model of each project from `first` to `last`, in the order of their names' bytes.
    package func newestModels(from first: String, to last: String) throws -> [ModelRecord] {
        try all(
            """
            SELECT document FROM model JOIN (
                SELECT project, MAX(version) AS version FROM model
                WHERE project >= $1 AND project <= $2 GROUP BY project
            ) AS newest USING (project, version)
            """, [first, last])
    }

    /// How many models have this status.
    package func countModels(status: ModelStatus) throws -> Int {
        try integer("SELECT COUNT(*) FROM model WHERE status = $1", [status.rawValue])
    }

    /// All models in this status, in the order of project and version.
    package func models(status: ModelStatus) throws -> [ModelRecord] {
        try all(
            "SELECT document FROM model WHERE status = $1 ORDER BY project, version",
            [status.rawValue])
    }

    /// Inserts the model, or replaces the project's model of its version. Unless it is in training
    /// this is posted in `MetadataStore.changes`.
    ///
    /// - Throws: the driver's error if there is no such project.
    package func save(_ model: ModelRecord) throws {
        try execute(
            """
            INSERT INTO model (project, version, status, document) VALUES ($1, $2, $3, $4)
            ON CONFLICT (project, version)
            DO UPDATE SET status = excluded.status, document = excluded.document
            """,
            [
                model.project, model.version, model.status.rawValue,
                try document(
                    model,
                    replacing: "SELECT document FROM model WHERE project = $1 AND version = $2",
                    [model.project, model.version]),
            ])
        // Trainings save every second what they are at, and nobody waits for that.
        if model.status != .training { connection.announce(.models) }
    }

    /// The number of a project's models, whatever their status.
    package func countModels(_ project: String) throws -> Int {
        try integer("SELECT COUNT(*) FROM model WHERE project = $1", [project])
    }

    /// Removes the row; the caller disowns the model's files in the same transaction.
    package func removeModel(_ project: String, _ version: Int) throws {
        try execute("DELETE FROM model WHERE project = $1 AND version = $2", [project, version])
    }

    /// nil if the project has no packaging job of this name.
    package func packagingJob(_ project: String, _ jobName: String) throws -> PackagingRecord? {
        try one(
            "SELECT document FROM packaging_job WHERE project = $1 AND job_name = $2",
            [project, jobName])
    }

    /// Packaging jobs of a project, the newest first, from those older than the job named `after`
    /// (nil: from the newest; none if there is no such job).
    ///
    /// - Throws: as every method here does.
    package func packagingJobs(_ project: String, after: String?, limit: Int) throws
        -> [PackagingRecord]
    {
        try all(
            """
            SELECT document FROM packaging_job
            WHERE project = $1 AND (CAST($2 AS TEXT) IS NULL OR position < (
                SELECT position FROM packaging_job WHERE project = $1 AND job_name = $2))
            ORDER BY position DESC LIMIT $3
            """, [project, after, limit])
    }

    /// The job of any project that is RUNNING for this component version; there is one at most.
    package func runningPackagingJob(component: String, version: String) throws
        -> PackagingRecord?
    {
        try one(
            """
            SELECT document FROM packaging_job
            WHERE component = $1 AND component_version = $2 AND status = 'RUNNING'
            """, [component, version])
    }

    /// Inserts the packaging job, or replaces the project's job of its name.
    ///
    /// - Parameter componentVersion: as resolved, with the default filled in. It counts at the
    ///   first save of a job only.
    /// - Throws: the driver's error if there is no such project, or if another job is RUNNING for
    ///   the same component version.
    package func save(_ job: PackagingRecord, componentVersion: String) throws {
        try execute(
            """
            INSERT INTO packaging_job
                (project, job_name, component, component_version, status, document)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (project, job_name)
            DO UPDATE SET status = excluded.status, document = excluded.document
            """,
            [
                job.project, job.jobName, job.configuration.greengrass.componentName,
                componentVersion, job.status.rawValue,
                try document(
                    job,
                    replacing: """
                        SELECT document FROM packaging_job WHERE project = $1 AND job_name = $2
                        """,
                    [job.project, job.jobName]),
            ])
    }
}
