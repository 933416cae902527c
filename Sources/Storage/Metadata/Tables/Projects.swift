package import FoundationEssentials
package import Wire

/// Projects and their datasets.
extension MetadataTransaction {
    /// nil if there is no project of this name.
    package func project(_ name: String) throws -> ProjectRecord? {
        try one("SELECT document FROM project WHERE name = $1", [name])
    }

    /// Projects in the order of the bytes of their names, from behind `after` (nil: from the
    /// first).
    ///
    /// - Throws: as every method here does.
    package func projects(after: String?, limit: Int) throws -> [ProjectRecord] {
        try all(
            "SELECT document FROM project WHERE name > $1 ORDER BY name LIMIT $2",
            [after ?? "", limit])
    }

    /// Inserts the project, or replaces the one of its name.
    package func save(_ project: ProjectRecord) throws {
        try execute(
            """
            INSERT INTO project (name, document) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET document = excluded.document
            """,
            [
                project.name,
                try document(
                    project, replacing: "SELECT document FROM project WHERE name = $1",
                    [project.name]),
            ])
    }

    /// The number of all projects; the account's quota counts it.
    package func countProjects() throws -> Int { try integer("SELECT COUNT(*) FROM project", []) }

    /// Removes the project with its packaging jobs; without one of this name nothing.
    ///
    /// - Throws: the driver's error while the project has datasets or models.
    package func removeProject(_ name: String) throws {
        try execute("DELETE FROM packaging_job WHERE project = $1", [name])
        try execute("DELETE FROM project WHERE name = $1", [name])
    }

    /// nil if the project has no dataset of this type.
    package func dataset(_ project: String, _ type: DatasetType) throws -> DatasetRecord? {
        try one(
            "SELECT document FROM dataset WHERE project = $1 AND type = $2",
            [project, type.rawValue])
    }

    /// At most two: `train` before `test`.
    package func datasets(_ project: String) throws -> [DatasetRecord] {
        try all("SELECT document FROM dataset WHERE project = $1 ORDER BY type DESC", [project])
    }

    /// Inserts the dataset, or replaces the project's dataset of its type.
    ///
    /// - Throws: the driver's error if there is no such project.
    package func save(_ dataset: DatasetRecord) throws {
        try execute(
            """
            INSERT INTO dataset (project, type, document) VALUES ($1, $2, $3)
            ON CONFLICT (project, type) DO UPDATE SET document = excluded.document
            """,
            [
                dataset.project, dataset.type.rawValue,
                try document(
                    dataset,
                    replacing: "SELECT document FROM dataset WHERE project = $1 AND type = $2",
                    [dataset.project, dataset.type.rawValue]),
            ])
    }

    /// Removes the dataset with its entries and its pending change.
    package func removeDataset(_ project: String, _ type: DatasetType) throws {
        try execute(
            "DELETE FROM dataset WHERE project = $1 AND type = $2", [project, type.rawValue])
    }

    /// Keeps the JSON lines of an update until a job has applied them; nil removes them. A dataset
    /// has one pending change at most, and the newest takes the place of the one before.
    ///
    /// - Throws: the driver's error if there is no such dataset.
    package func saveChange(_ lines: Data?, project: String, type: DatasetType) throws {
        guard let lines else {
            return try execute(
                "DELETE FROM dataset_change WHERE project = $1 AND type = $2",
                [project, type.rawValue])
        }
        try execute(
            """
            INSERT INTO dataset_change (project, type, lines) VALUES ($1, $2, $3)
            ON CONFLICT (project, type) DO UPDATE SET lines = excluded.lines
            """, [project, type.rawValue, lines])
    }

    /// The JSON lines of the update that waits for its job; nil if none does.
    package func change(project: String, type: DatasetType) throws -> Data? {
        try blob(
            "SELECT lines FROM dataset_change WHERE project = $1 AND type = $2",
            [project, type.rawValue])
    }
}
