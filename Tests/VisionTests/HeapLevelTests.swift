import Testing

@testable import Base

@Suite struct HeapLevelTests {
    private static let mega = 1 << 20

    private func isWorth(_ level: HeapLevel, resident: Int, used: Int) -> Bool {
        level.isWorthGiving(residentBytes: resident * Self.mega, usedBytes: used * Self.mega)
    }

    /// A server kept 700 MB to 1.7 GB of what trainings had freed.
    @Test func whatATrainingFreedIsGivenBackAndWhatItUsesIsNot() {
        let level = HeapLevel()
        #expect(isWorth(level, resident: 387, used: 15))
        #expect(!isWorth(level, resident: 387, used: 380))
        #expect(!isWorth(level, resident: 25, used: 10))
    }

    @Test func whatCannotBeGivenBackIsNotTriedAgain() {
        var level = HeapLevel()
        level.given(residentBytes: 79 * Self.mega, usedBytes: 15 * Self.mega)
        #expect(!isWorth(level, resident: 79, used: 15))
        // A model that came into use and left again is no difference.
        #expect(!isWorth(level, resident: 179, used: 115))
        #expect(isWorth(level, resident: 179, used: 15))
    }

    /// The system may count pages later than the heap does.
    @Test func moreInUseThanResidentIsNothingKept() {
        var level = HeapLevel()
        level.given(residentBytes: 10 * Self.mega, usedBytes: 30 * Self.mega)
        #expect(level == HeapLevel())
    }

    @Test func theFiguresOfThisProcessAreThere() throws {
        let resident = try #require(HeapMemory.residentBytes())
        #expect(resident > 0 && HeapMemory.usedBytes() > 0)
    }
}
