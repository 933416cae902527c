/// The rows behind projects, datasets, models, jobs and users, in a database.
///
/// Everything is done in transactions:
///
///     let version = try await store.write { transaction in
///         guard var project = try transaction.project("bottles") else { throw … }
///         project.lastModelVersion += 1
///         try transaction.save(project)
///         return project.lastModelVersion
///     }
///
/// A write is all seen or not at all, also after a crash, and as if transactions came one after the
/// other: what a body has read is still so when it has ended. The one exception is a transaction
/// that begins with `claimableJob`. When `write` returns, the rows last.
///
/// Bodies are plain synchronous code on a thread of the store that may block. A body may run more
/// than once, when it met others or lost its connection (PostgreSQL), so it changes nothing but
/// rows, and calls no store. A store is shared by all tasks of a process and lasts until its last
/// reference goes.
package protocol MetadataStore: Sendable {
    /// Calls `body` with the rows as they are at one moment. It may change none.
    ///
    /// - Returns: what `body` returned.
    /// - Throws: what `body` throws; `StorageError.unavailable` when the database cannot be
    ///   reached, is too busy or took too long.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value

    /// Calls `body` and writes what it did to the rows. A body that throws leaves nothing behind.
    ///
    /// - Returns: what `body` returned, after its rows have been written.
    /// - Throws: what `body` throws, and then nothing was written; `StorageError.unavailable` as
    ///   `read`. When the connection was lost at the very end it says that nobody knows whether the
    ///   rows were written: the caller reads them and tries again.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value

    /// Reports what was written: by this process with SQLite, by every process at the database with
    /// PostgreSQL. It is a hint to look now; one may be missing, so those who wait also look by
    /// themselves from time to time.
    var changes: MetadataChanges { get }
}
