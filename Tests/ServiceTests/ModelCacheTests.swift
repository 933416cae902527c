import FoundationEssentials
import Storage
import Testing
import Wire

@testable import Service

@Suite struct ModelCacheTests {
    private static func key(_ version: Int, files: String? = nil) -> ModelKey {
        var model = ModelRecord(
            project: "p", version: version, created: .distantPast, description: nil,
            output: S3Location(bucket: "b", prefix: nil), kmsKeyID: nil)
        model.files = files
        return ModelKey(model)
    }

    /// A cache for 100 bytes with models that were used in this order and rest now.
    private func cache(_ models: [(version: Int, bytes: Int)]) -> ModelCache<String> {
        var cache = ModelCache<String>(bytesMax: 100)
        for (version, bytes) in models {
            _ = cache.enter(Self.key(version), units: 1)
            _ = cache.reserve(Self.key(version), bytes: bytes, evicting: true)
            cache.fill(Self.key(version), "\(version)")
            _ = cache.leave(Self.key(version))
        }
        return cache
    }

    @Test func theModelThatWasUsedLongestAgoGoesFirst() {
        var cache = cache([(1, 40), (2, 40), (3, 20)])
        _ = cache.enter(Self.key(1), units: 1)
        _ = cache.leave(Self.key(1))
        _ = cache.enter(Self.key(4), units: 1)
        let gone = cache.reserve(Self.key(4), bytes: 50, evicting: true)
        #expect(gone == ["2", "3"])
        #expect(cache.bytes == 90 && cache.evictions == 2 && cache.keys == [Self.key(1)])
    }

    @Test func nothingGoesForAModelThatWouldStillHaveNoRoom() {
        var cache = cache([(1, 60), (2, 40)])
        _ = cache.enter(Self.key(1), units: 1)
        _ = cache.enter(Self.key(3), units: 1)
        #expect(cache.reserve(Self.key(3), bytes: 50, evicting: true) == nil)
        #expect(cache.keys.count == 2 && cache.evictions == 0)
        _ = cache.leave(Self.key(1))
        #expect(cache.reserve(Self.key(3), bytes: 50, evicting: true) == ["2", "1"])
    }

    @Test func aModelLargerThanTheBoundIsAlone() {
        var cache = cache([(1, 10)])
        _ = cache.enter(Self.key(2), units: 1)
        #expect(cache.reserve(Self.key(2), bytes: 500, evicting: true) == ["1"])
        cache.fill(Self.key(2), "2")
        _ = cache.enter(Self.key(3), units: 1)
        #expect(cache.reserve(Self.key(3), bytes: 1, evicting: true) == nil)
    }

    @Test func whatIsBeingLoadedCountsAndStays() {
        var cache = ModelCache<String>(bytesMax: 100)
        _ = cache.enter(Self.key(1), units: 1)
        #expect(cache.reserve(Self.key(1), bytes: 80, evicting: true) == [])
        _ = cache.enter(Self.key(2), units: 1)
        #expect(cache.reserve(Self.key(2), bytes: 30, evicting: true) == nil)
        cache.abandon(Self.key(1))
        #expect(cache.bytes == 0)
        #expect(cache.reserve(Self.key(2), bytes: 30, evicting: true) == [])
        _ = cache.leave(Self.key(1))
        #expect(cache.keys.isEmpty && cache.bytes == 30)
    }

    @Test func withoutEvictingOnlyRoomThatIsThereIsTaken() {
        var cache = cache([(1, 60)])
        _ = cache.enter(Self.key(2), units: 1)
        #expect(cache.reserve(Self.key(2), bytes: 50, evicting: false) == nil)
        #expect(cache.reserve(Self.key(2), bytes: 40, evicting: false) == [])
        #expect(cache.bytes == 100)
    }

    @Test func aModelThatIsUnloadedWhileItIsUsedGoesWithTheLastCall() {
        var cache = cache([(1, 60)])
        _ = cache.enter(Self.key(1), units: 1)
        _ = cache.enter(Self.key(1), units: 1)
        #expect(cache.unload(Self.key(1)) == nil)
        #expect(cache.leave(Self.key(1)) == nil)
        #expect(cache.leave(Self.key(1)) == "1")
        #expect(cache.bytes == 0 && cache.keys.isEmpty)
    }

    @Test func aModelThatIsWantedAgainStays() {
        var cache = cache([(1, 60)])
        _ = cache.enter(Self.key(1), units: 1)
        _ = cache.unload(Self.key(1))
        _ = cache.enter(Self.key(1), units: 1)
        #expect(cache.leave(Self.key(1)) == nil && cache.leave(Self.key(1)) == nil)
        #expect(cache.keys == [Self.key(1)])
    }

    @Test func modelsOfOtherFilesAreOthersAndGoTogether() {
        var cache = ModelCache<String>(bytesMax: 100)
        for files in ["p/1/a", "p/1/b"] {
            _ = cache.enter(Self.key(1, files: files), units: 1)
            _ = cache.reserve(Self.key(1, files: files), bytes: 10, evicting: true)
            cache.fill(Self.key(1, files: files), files)
            _ = cache.leave(Self.key(1, files: files))
        }
        #expect(cache.keys.count == 2)
        #expect(cache.unload("p", 1).sorted() == ["p/1/a", "p/1/b"])
        #expect(cache.bytes == 0)
    }

    @Test func otherUnitsAreOtherTurnstilesForTheSameModel() {
        var cache = cache([(1, 10)])
        let one = cache.enter(Self.key(1), units: 1)
        let same = cache.enter(Self.key(1), units: 1)
        let other = cache.enter(Self.key(1), units: 2)
        #expect(one === same && one !== other)
        #expect(cache.model(Self.key(1)) == "1" && cache.loads == 1)
    }
}
