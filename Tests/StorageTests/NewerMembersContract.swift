import FoundationEssentials
import Testing
import Wire

@testable import Storage

/// What a newer program wrote into a row stays when this one saves the record, in both databases.
enum NewerMembersContract {
    private static let time = MetadataStoreContract.time
    private static let id = UUID()
    private static let newer = #""newer":{"list":[1.5,null,"ü"],"of":true}"#

    /// The table, what finds its row, and what makes and changes the record in it.
    private static let kinds:
        [(table: String, row: String, save: @Sendable (MetadataTransaction, Bool) throws -> Void)] =
            [
                (
                    "project", "name = 'newer'",
                    { transaction, isChanged in
                        var project = ProjectRecord(name: "newer", created: time)
                        project.lastModelVersion = isChanged ? 1 : 0
                        try transaction.save(project)
                    }
                ),
                (
                    "dataset", "project = 'newer'",
                    { transaction, isChanged in
                        try transaction.save(
                            DatasetRecord(
                                project: "newer", type: .train, created: time,
                                status: isChanged ? .createComplete : .createInProgress))
                    }
                ),
                (
                    "\"user\"", "name = 'newer'",
                    { transaction, isChanged in
                        try transaction.save(
                            UserRecord(
                                name: "newer", accessKeyID: isChanged ? "N1" : "N0",
                                secretAccessKey: "s", policy: "{}", created: time))
                    }
                ),
                (
                    "job", "id = '\(id.uuidString)'",
                    { transaction, isChanged in
                        var job = JobRecord(
                            id: id, kind: "newer", subject: Data(), created: time)
                        job.state = isChanged ? .finished : .queued
                        try transaction.save(job)
                    }
                ),
            ]

    static func all(_ store: some MetadataStore) async throws {
        for kind in kinds {
            try await store.write { transaction in
                try kind.save(transaction, false)
                let text = try document(transaction, kind.table, kind.row)
                try transaction.execute(
                    "UPDATE \(kind.table) SET document = $1 WHERE \(kind.row)",
                    ["{\(newer),\(text.dropFirst())"])
            }
            for _ in 1...2 {
                try await store.write { try kind.save($0, true) }
                let text = try await store.read { try document($0, kind.table, kind.row) }
                #expect(text.contains(newer), "\(kind.table): \(text)")
            }
        }
        try await whatIsInAMemberGoesWithIt(store)
        // Other tests count what is there.
        try await store.write { transaction in
            try transaction.removeUser("newer")
            try transaction.removeDataset("newer", .train)
            try transaction.removeProject("newer")
            try transaction.execute("DELETE FROM job WHERE id = $1", [id.uuidString])
        }
    }

    private static func whatIsInAMemberGoesWithIt(_ store: some MetadataStore) async throws {
        var project = ProjectRecord(name: "newer", created: time)
        project.settings = ProjectSettings()
        project.settings?.falseAlarmRate = 0.25
        try await store.write { [project] transaction in
            try transaction.save(project)
            let text = try document(transaction, "project", "name = 'newer'")
            try transaction.execute(
                "UPDATE project SET document = $1 WHERE name = 'newer'",
                [text.replacing("\"settings\":{", with: "\"settings\":{\"unsure\":3,")])
        }
        // A known member that has no value any more is gone, and an unknown one beside it stays.
        project.settings?.falseAlarmRate = nil
        #expect(try await saved(project, store).contains(#""settings":{"unsure":3}"#))
        project.settings = nil
        let text = try await saved(project, store)
        #expect(!text.contains("settings") && text.contains(newer), "\(text)")
        #expect(try await store.read { try $0.project("newer") } == project)
        // A row that takes the place of a removed one has nothing of it.
        try await store.write { transaction in
            try transaction.removeDataset("newer", .train)
            try transaction.removeProject("newer")
        }
        #expect(try await !saved(project, store).contains("of"))
    }

    private static func saved(_ project: ProjectRecord, _ store: some MetadataStore) async throws
        -> String
    {
        try await store.write { transaction in
            try transaction.save(project)
            return try document(transaction, "project", "name = 'newer'")
        }
    }

    private static func document(
        _ transaction: MetadataTransaction, _ table: String, _ row: String
    ) throws -> String {
        try #require(
            try transaction.row("SELECT document FROM \(table) WHERE \(row)", []) { $0.text(0) })
    }
}
