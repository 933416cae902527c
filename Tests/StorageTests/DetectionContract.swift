import Storage
import Testing

/// What every `MetadataStore` must do with the counts of detections.
extension ClusterContract {
    static func detectionsOfADayAddUpAndGoWithTheirProject(_ store: some MetadataStore)
        async throws
    {
        @Sendable func day(
            _ day: Int, _ images: Int, _ anomalies: Int, version: Int = 1
        ) -> DetectionDay {
            DetectionDay(
                project: "counted", version: version, day: day, images: images,
                anomalies: anomalies)
        }
        try await store.write { transaction in
            try transaction.save(ProjectRecord(name: "counted", created: time))
            for added in [day(20_000, 3, 1), day(20_001, 1, 0), day(20_000, 4, 2, version: 2)] {
                try transaction.add(added)
            }
            try transaction.add(day(20_000, 1, 1))
            // A project that was deleted while its counts were on their way.
            var gone = day(20_000, 1, 1)
            gone.project = "gone"
            try transaction.add(gone)
        }
        @Sendable func counts(from first: Int) async throws -> [DetectionDay] {
            try await store.read { try $0.detectionDays(from: first) }.filter {
                ["counted", "gone"].contains($0.project)
            }
        }
        let both = [day(20_000, 8, 4, version: 0), day(20_001, 1, 0, version: 0)]
        #expect(try await counts(from: 20_000) == both)
        #expect(try await counts(from: 20_001) == [both[1]])
        try await store.write { try $0.removeDetections(before: 20_001) }
        #expect(try await counts(from: 0) == [both[1]])
        try await store.write { try $0.removeProject("counted") }
        #expect(try await counts(from: 0) == [])
    }
}
