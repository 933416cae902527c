import Storage
import TestSupport
import Testing

@Suite struct MemoryObjectStoreTests {
    @Test func itDoesWhatEveryObjectStoreMustDo() async throws {
        try await ObjectStoreContract.all(MemoryObjectStore())
    }
}
