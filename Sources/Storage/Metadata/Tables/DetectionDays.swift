/// How many images models judged on each day.
extension MetadataTransaction {
    /// Adds to a day's counts; nothing for a project that is gone.
    ///
    /// - Parameter added: its counts are what came since the last call.
    package func add(_ added: DetectionDay) throws {
        try execute(
            """
            INSERT INTO detection_day (project, version, day, images, anomalies)
            SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT),
                CAST($5 AS BIGINT)
            WHERE EXISTS (SELECT 1 FROM project WHERE name = $1)
            ON CONFLICT (project, version, day) DO UPDATE
            SET images = detection_day.images + excluded.images,
                anomalies = detection_day.anomalies + excluded.anomalies
            """, [added.project, added.version, added.day, added.images, added.anomalies])
    }

    /// The days of all projects from `day` on, each with the sums of a project's models, in the
    /// order of project and day.
    package func detectionDays(from day: Int) throws -> [DetectionDay] {
        try connection.query(
            """
            SELECT project, day, CAST(SUM(images) AS BIGINT), CAST(SUM(anomalies) AS BIGINT)
            FROM detection_day
            WHERE day >= $1 GROUP BY project, day ORDER BY project, day
            """, [day]
        ) {
            DetectionDay(
                project: $0.text(0), version: 0, day: $0.integer(1), images: $0.integer(2),
                anomalies: $0.integer(3))
        }
    }

    /// Removes the counts of days before `day`.
    package func removeDetections(before day: Int) throws {
        try execute("DELETE FROM detection_day WHERE day < $1", [day])
    }
}
