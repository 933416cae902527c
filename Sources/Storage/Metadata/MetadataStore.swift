package import FoundationEssentials
package import Wire

/// The rows behind projects, datasets, models and jobs.
///
/// A write is one transaction: all of it is seen or nothing, also after a crash. Bodies are plain
/// synchronous code, so that nothing else can happen between two of their statements.
package protocol MetadataStore: Sendable {
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any MetadataTransaction) throws -> Value
    ) async throws -> Value

    /// A body that throws leaves nothing behind.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any MetadataTransaction) throws -> Value
    ) async throws -> Value

    /// Tells of what others have written, as far as the store hears of it: a hint to look now,
    /// never a promise.
    var changes: MetadataChanges { get }
}

package typealias MetadataTransaction = ComponentTable & DatabaseClock & DatasetTable & EntryTable
    & JobHistory & JobTable & MemberTable & ModelTable & PackagingTable & ProjectTable
    & SettingTable
    & StagedObjectTable & TagTable & TokenTable & UserTable

/// What time it is where the rows are. Nothing is decided by it: it shows how far a machine's own
/// clock is from the others'.
package protocol DatabaseClock {
    /// Of the moment of the call, also within a transaction.
    func now() throws -> Date
}

package protocol ProjectTable {
    func project(_ name: String) throws -> ProjectRecord?
    /// In the order of names, after `after`.
    func projects(after: String?, limit: Int) throws -> [ProjectRecord]
    /// Inserts or replaces.
    func save(_ project: ProjectRecord) throws
    func countProjects() throws -> Int
    /// Removes the project with its packaging jobs; throws while it has datasets or models.
    func removeProject(_ name: String) throws
}

package protocol DatasetTable {
    func dataset(_ project: String, _ type: DatasetType) throws -> DatasetRecord?
    func datasets(_ project: String) throws -> [DatasetRecord]
    func save(_ dataset: DatasetRecord) throws
    /// Removes the dataset with its entries and its pending change.
    func removeDataset(_ project: String, _ type: DatasetType) throws
    /// The JSON lines of an update that a job is to apply; nil removes them.
    func saveChange(_ lines: Data?, project: String, type: DatasetType) throws
    func change(project: String, type: DatasetType) throws -> Data?
}

package protocol EntryTable {
    /// Adds entries in their order; one with a known `sourceRef` takes the other's place and keeps
    /// its creation time.
    func addEntries(_ entries: [DatasetEntry], project: String, type: DatasetType) throws
    func removeEntries(project: String, type: DatasetType) throws
    /// In the order of their addition, after the first `offset`.
    func entries(project: String, type: DatasetType, offset: Int, limit: Int) throws
        -> [DatasetEntry]
    /// Newest first, from below `position`, each with its position.
    func entries(matching filter: EntryFilter, before position: Int?, limit: Int) throws
        -> [(position: Int, entry: DatasetEntry)]
    func countEntries(project: String, type: DatasetType) throws -> ImageStats
}

package protocol ModelTable {
    func model(_ project: String, _ version: Int) throws -> ModelRecord?
    /// Newest first, below version `before`.
    func models(_ project: String, before: Int?, limit: Int) throws -> [ModelRecord]
    func models(status: ModelStatus) throws -> [ModelRecord]
    func save(_ model: ModelRecord) throws
    func countModels(_ project: String) throws -> Int
    func removeModel(_ project: String, _ version: Int) throws
}

package protocol PackagingTable {
    func packagingJob(_ project: String, _ jobName: String) throws -> PackagingRecord?
    /// Newest first, older than the job `after`.
    func packagingJobs(_ project: String, after: String?, limit: Int) throws -> [PackagingRecord]
    /// The job of any project that is RUNNING for this component version.
    func runningPackagingJob(component: String, version: String) throws -> PackagingRecord?
    /// - Parameter componentVersion: as resolved, with the default filled in.
    func save(_ job: PackagingRecord, componentVersion: String) throws
}

package protocol JobTable {
    func job(_ id: UUID) throws -> JobRecord?
    /// A job of these kinds that is queued and due, or running with a lease that ended before
    /// `now`: of the lowest priority number, then of the project whose newest attempt began the
    /// longest ago, then the oldest.
    func claimableJob(kinds: [String], now: Date) throws -> JobRecord?
    /// Jobs of a project that are queued or running, in the order of their creation.
    func openJobs(project: String) throws -> [JobRecord]
    func runningJobs() throws -> [JobRecord]
    func countJobs() throws -> [JobCount]
    func save(_ job: JobRecord) throws
    /// Removes some of them, `JobRecord.removedMax` at most.
    func removeJobs(endedBefore date: Date) throws
}

package protocol TokenTable {
    func token(_ key: String) throws -> TokenRecord?
    func save(_ token: TokenRecord) throws
    func removeTokens(createdBefore date: Date) throws
}

package protocol TagTable {
    func tags(of resource: String) throws -> [Tag]
    /// Adds tags; one with a known key takes the other's place.
    func addTags(_ tags: [Tag], to resource: String) throws
    /// Removes the tags with these keys; nil removes all.
    func removeTags(_ keys: [String]?, from resource: String) throws
}

package protocol UserTable {
    func user(_ name: String) throws -> UserRecord?
    func user(accessKeyID: String) throws -> UserRecord?
    /// In the order of names.
    func users() throws -> [UserRecord]
    func save(_ user: UserRecord) throws
    func removeUser(_ name: String) throws
}

package protocol SettingTable {
    func setting(_ name: String) throws -> Data?
    func saveSetting(_ name: String, _ value: Data) throws
}

extension SettingTable {
    /// The setting, which becomes `value` if there is none yet.
    package func setting(_ name: String, orElse value: Data) throws -> Data {
        if let known = try setting(name) { return known }
        try saveSetting(name, value)
        return value
    }
}

package protocol ComponentTable {
    func component(_ name: String, _ version: String) throws -> ComponentRow?
    /// Names of components that have a version, in their order, after `after`.
    func componentNames(after: String?, limit: Int) throws -> [String]
    /// All versions of a component, in no order.
    func componentVersions(_ name: String) throws -> [String]
    /// Inserts or replaces.
    func save(_ component: ComponentRow) throws
    func removeComponent(_ name: String, _ version: String) throws
}

package protocol StagedObjectTable {
    func saveStagedObject(_ object: StagedObject) throws
    func stagedObject(_ key: String) throws -> StagedObject?
    func removeStagedObject(_ key: String) throws
    /// Oldest first.
    func stagedObjects(createdBefore date: Date, limit: Int) throws -> [StagedObject]
}

package protocol MemberTable {
    /// Those that were seen since then, in the order of their start.
    func members(seenSince date: Date) throws -> [MemberRecord]
    /// Inserts or replaces.
    func save(_ member: MemberRecord) throws
    func removeMember(_ id: UUID) throws
}
