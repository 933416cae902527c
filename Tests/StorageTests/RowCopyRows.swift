import FoundationEssentials
import Storage
import Testing
import Wire

/// Rows in every table, and how to compare those of two stores.
enum RowCopyRows {
    static let time = MetadataStoreContract.time
    static let entries = 700
    private static let jobIDs = (0..<4).map { _ in UUID() }

    static func fill(_ store: some MetadataStore) async throws {
        try await store.write { transaction in
            try projects(transaction)
            try work(transaction)
            try others(transaction)
        }
    }

    private static func projects(_ transaction: MetadataTransaction) throws {
        for name in ["p", "q-ü"] {
            var project = ProjectRecord(name: name, created: time)
            project.lastModelVersion = 3
            try transaction.save(project)
        }
        var dataset = DatasetRecord(
            project: "p", type: .train, created: time, status: .createComplete)
        dataset.stats.total = entries
        try transaction.save(dataset)
        try transaction.save(
            DatasetRecord(project: "q-ü", type: .test, created: time, status: .createComplete))
        // Gaps in the positions, an entry that took another's place, and a highest position that
        // no row has any more.
        func entry(_ index: Int, later: Double = 0) -> DatasetEntry {
            DatasetEntry(
                sourceRef: "s3://b/\(index)", line: "{\"n\":\(index),\"\\u0000\":\"'\\\\\"}",
                verdict: [nil, "normal", "anomaly"][index % 3],
                created: time.addingTimeInterval(Double(index) / 8 + later))
        }
        try transaction.addEntries(
            (0..<5).map { entry($0) }, project: "q-ü", type: .test)
        try transaction.removeEntries(project: "q-ü", type: .test)
        try transaction.addEntries(
            (0..<entries).map { entry($0) }, project: "p", type: .train)
        try transaction.addEntries([entry(3, later: 60)], project: "p", type: .train)
        try transaction.addEntries([entry(9)], project: "q-ü", type: .test)
        try transaction.removeEntries(project: "q-ü", type: .test)
        try transaction.saveChange(
            Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }), project: "p",
            type: .train)
    }

    private static func work(_ transaction: MetadataTransaction) throws {
        for (version, status) in [(1, ModelStatus.hosted), (3, .training)] {
            var model = ModelRecord(
                project: "p", version: version, created: time, description: "ü 🔩",
                output: S3Location(bucket: "b", prefix: "x/"), kmsKeyID: nil)
            model.status = status
            model.threshold = 0.1 + Double(version)
            model.files = "models/p/\(version)/a"
            try transaction.save(model)
        }
        let json = #"{"Greengrass":{"ComponentName":"c","S3OutputLocation":{"Bucket":"bbb"}}}"#
        let configuration = try WireCoding.decode(
            ModelPackagingConfiguration.self, from: Data(json.utf8))
        for (name, status) in [("y", PackagingStatus.running), ("x", .succeeded)] {
            var job = PackagingRecord(
                project: "p", jobName: name, modelVersion: 1, configuration: configuration,
                description: nil, created: time)
            job.status = status
            try transaction.save(job, componentVersion: "1.0.0")
        }
        for (index, id) in jobIDs.enumerated() {
            var job = JobRecord(
                id: id, kind: index == 1 ? "run" : "wait", subject: Data([UInt8(index), 0]),
                project: index == 0 ? nil : "p", priority: index == 0 ? nil : index, created: time)
            if index == 1 {
                job.state = .running
                job.attempt = 2
                job.failures = 1
                job.claimed = time.addingTimeInterval(1)
                job.leaseOwner = UUID()
                job.leaseExpiry = time.addingTimeInterval(30)
            }
            if index == 2 { job.state = .failed }
            try transaction.save(job)
        }
    }

    private static func others(_ transaction: MetadataTransaction) throws {
        for key in ["CreateProject t", "CreateModel t"] {
            try transaction.save(
                TokenRecord(
                    key: key, requestDigest: "d\0", response: Data([0, 255]), created: time))
        }
        try transaction.addTags([Tag(key: "k", value: "ü"), Tag(key: "a", value: "")], to: "arn:p")
        try transaction.saveSetting("page-token-key", Data((0...255).map { UInt8($0) }))
        try transaction.saveSetting("empty", Data())
        try transaction.add(
            DetectionDay(project: "p", version: 1, day: 20_000, images: 5, anomalies: 2))
        for name in ["zoe", "ann"] {
            try transaction.save(
                UserRecord(
                    name: name, accessKeyID: "K\(name)", secretAccessKey: "s'\"", policy: "{}",
                    created: time))
        }
        for version in ["1.0.0", "1.0.1"] {
            try transaction.save(
                ComponentRow(
                    name: "c", version: version, document: Data("{\"v\": 1.0}".utf8),
                    recipe: Data("{}\n".utf8)))
        }
        try transaction.saveStagedObject(StagedObject(key: "models/ü/1", created: time))
        try transaction.save(
            MemberRecord(
                id: UUID(), role: .server, host: "h", version: "1", kinds: [], places: 1,
                started: time))
    }

    /// Compares all that was filled in, record by record. Running jobs differ.
    static func compare(_ one: some MetadataStore, _ other: some MetadataStore) async throws {
        try await same(one, other) { try $0.projects(after: nil, limit: 9) }
        for project in ["p", "q-ü"] {
            try await same(one, other) { try $0.datasets(project) }
            try await same(one, other) { try $0.models(project, before: nil, limit: 9) }
            try await same(one, other) { try $0.packagingJobs(project, after: nil, limit: 9) }
        }
        try await same(one, other) { try $0.detectionDays(from: 0) }
        try await same(one, other) {
            try $0.entries(project: "p", type: .train, offset: 0, limit: 9999)
        }
        let filter = EntryFilter(project: "p", type: .train)
        try await same(one, other) {
            try $0.entries(matching: filter, before: nil, limit: 9999).map(\.position)
        }
        try await same(one, other) { try [$0.change(project: "p", type: .train)] }
        try await same(one, other) {
            try [$0.runningPackagingJob(component: "c", version: "1.0.0")]
        }
        try await same(one, other) { transaction in
            try jobIDs.compactMap { try transaction.job($0) }.filter { $0.kind != "run" }
        }
        try await same(one, other) {
            try [$0.token("CreateProject t"), $0.token("CreateModel t")]
        }
        try await same(one, other) { try $0.tags(of: "arn:p").map { [$0.key, $0.value] } }
        try await same(one, other) { try [$0.setting("page-token-key"), $0.setting("empty")] }
        try await same(one, other) { try $0.users() }
        try await same(one, other) {
            try [$0.component("c", "1.0.0"), $0.component("c", "1.0.1")]
        }
        try await same(one, other) { try $0.stagedObjects(createdBefore: .distantFuture, limit: 9) }
        // Who was alive beside the one is not beside the other.
        #expect(try await other.read { try $0.members(seenSince: time) }.isEmpty)
    }

    private static func same<Value: Sendable & Equatable>(
        _ one: some MetadataStore, _ other: some MetadataStore,
        _ question: @escaping @Sendable (MetadataTransaction) throws -> [Value],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let (mine, others) = (try await one.read(question), try await other.read(question))
        #expect(mine.count == others.count, sourceLocation: sourceLocation)
        let first = zip(mine, others).first { $0 != $1 }
        #expect(first == nil, sourceLocation: sourceLocation)
    }
}
