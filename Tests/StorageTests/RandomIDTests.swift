import Base
import FoundationEssentials
import Testing

/// Ids and temporary names.
@Suite struct RandomIDTests {
    @Test func idsDiffer() {
        let ids = Set((0..<1_000).map { _ in UUID.random() })
        #expect(ids.count == 1_000)
        for id in ids { #expect(Array(id.uuidString)[14] == "4") }
    }
}
