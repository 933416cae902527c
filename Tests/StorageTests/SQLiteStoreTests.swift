import FoundationEssentials
import Storage
import TestSupport
import Testing

@Suite struct SQLiteStoreTests {
    @Test func itKeepsTheContract() async throws {
        let directory = try TemporaryDirectory()
        try await MetadataStoreContract.all(try SQLiteStore(path: "\(directory.path)/db"))
    }

    @Test func whatWasWrittenIsThereAfterReopening() async throws {
        let directory = try TemporaryDirectory()
        let record = ProjectRecord(name: "p", created: Date(timeIntervalSince1970: 12.5))
        try await SQLiteStore(path: "\(directory.path)/db").write { try $0.save(record) }
        let again = try SQLiteStore(path: "\(directory.path)/db")
        #expect(try await again.read { try $0.project("p") } == record)
    }

    @Test func aFileThatIsNoDatabaseIsRefusedByName() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/db"
        try Data(repeating: 65, count: 5000).write(to: URL(filePath: path))
        let error = #expect(throws: StorageError.self) { try SQLiteStore(path: path) }
        #expect(error?.message.contains(path) == true)
    }
}
