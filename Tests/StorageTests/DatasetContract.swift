import FoundationEssentials
import Storage
import Testing
import Wire

/// The contract's part about what is in a dataset.
extension MetadataStoreContract {
    static func entriesAreFilteredAndKeepTheirTimes(_ store: some MetadataStore)
        async throws
    {
        func entry(_ name: String, _ verdict: String?, _ seconds: Double) -> DatasetEntry {
            DatasetEntry(
                sourceRef: "s3://b/\(name)", line: "{}", verdict: verdict,
                created: time.addingTimeInterval(seconds))
        }
        let entries = [
            entry("1%", "normal", 0), entry("2_", "anomaly", 10), entry("3", nil, 20),
        ]
        // Replaced later, it stays where and when it was.
        let again = entry("1%", "anomaly", 99)
        try await store.write { transaction in
            try transaction.addEntries(entries, project: "a", type: .train)
            try transaction.addEntries([again], project: "a", type: .train)
        }
        func found(_ change: (inout EntryFilter) -> Void, before: Int? = nil, limit: Int = 9)
            async throws -> [(position: Int, entry: DatasetEntry)]
        {
            var filter = EntryFilter(project: "a", type: .train)
            change(&filter)
            return try await store.read { [filter] in
                try $0.entries(matching: filter, before: before, limit: limit)
            }
        }
        func names(_ change: (inout EntryFilter) -> Void) async throws -> [String] {
            try await found(change).map { String($0.entry.sourceRef.dropFirst(7)) }
        }
        #expect(try await names { _ in } == ["3", "2_", "1%"])
        #expect(try await found { _ in }.last?.entry.created == time)
        #expect(try await found { _ in }.last?.entry.verdict == "anomaly")
        #expect(try await names { $0.isLabeled = true } == ["2_", "1%"])
        #expect(try await names { $0.isLabeled = false } == ["3"])
        #expect(try await names { $0.verdict = "normal" }.isEmpty)
        #expect(try await names { $0.sourceRefPart = "%" } == ["1%"])
        #expect(try await names { $0.sourceRefPart = "_" } == ["2_"])
        #expect(
            try await names { $0.createdBefore = time.addingTimeInterval(10) } == ["1%"])
        #expect(try await names { $0.createdAfter = time.addingTimeInterval(10) } == ["3"])
        func sources(_ change: (inout EntryFilter) -> Void) async throws -> Set<String> {
            var filter = EntryFilter(project: "a", type: .train)
            change(&filter)
            return try await store.read { [filter] in Set(try $0.sources(matching: filter)) }
        }
        #expect(try await sources { _ in } == ["s3://b/1%", "s3://b/2_", "s3://b/3"])
        #expect(try await sources { $0.sourceRefPart = "%" } == ["s3://b/1%"])
        #expect(try await sources { $0.isLabeled = false } == ["s3://b/3"])
        let first = try await found({ _ in }, limit: 1)
        let rest = try await found({ _ in }, before: first[0].position)
        #expect(first.count == 1 && rest.map(\.entry.sourceRef) == ["s3://b/2_", "s3://b/1%"])
    }

    static func changesGoWithTheirDataset(_ store: some MetadataStore) async throws {
        try await store.write { try $0.saveChange(Data([1, 2]), project: "a", type: .train) }
        try await store.write { try $0.saveChange(Data([3]), project: "a", type: .train) }
        #expect(try await store.read { try $0.change(project: "a", type: .train) } == Data([3]))
        try await store.write { try $0.removeDataset("a", .train) }
        #expect(try await store.read { try $0.change(project: "a", type: .train) } == nil)
        #expect(try await store.read { try $0.countEntries(project: "a", type: .train) }.total == 0)
        try await store.write { transaction in
            try transaction.save(
                DatasetRecord(project: "a", type: .train, created: time, status: .createComplete))
            try transaction.saveChange(Data([4]), project: "a", type: .train)
            try transaction.saveChange(nil, project: "a", type: .train)
        }
        #expect(try await store.read { try $0.change(project: "a", type: .train) } == nil)
    }
}
