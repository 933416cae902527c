import FoundationEssentials
import Service
import Storage

/// The part of a move that copies objects of users.
extension Migration {
    private typealias Upload = TargetObjects.Upload

    /// Uploads at once: what a disk and a connection are busy with.
    private static let uploadsAtOnce = 4
    private static let pageKeys = 1_000

    /// Before anything is written there.
    ///
    /// - Throws: `AdministrationError` where objects of other content would be lost.
    func check(
        _ target: TargetObjects, _ buckets: [String], _ named: NamedFiles, _ source: DirectoryStore
    ) async throws {
        func refuseOthers(_ uploads: [Upload]) async throws {
            let others = try await target.others(uploads)
            guard others.isEmpty else { throw TargetObjects.refusal(others) }
        }
        func hasObjects(_ bucket: String) async throws -> Bool {
            guard try await target.store.bucketExists(bucket) else { return false }
            return try await !target.store.list(bucket, prefix: "", after: nil, limit: 1).isEmpty
        }
        for bucket in buckets where try await hasObjects(bucket) {
            progress("comparing what is in \(bucket) already")
            try await forEachPage(of: bucket, source, refuseOthers)
        }
        guard let state = configuration.stateBucket, try await hasObjects(state) else { return }
        let files = named.models.flatMap(\.keys).map { key in
            Upload(
                source: .path("\(configuration.dataDirectory)/\(DataDirectory.modelPath(key))"),
                object: nil,
                location: ObjectLocation(bucket: state, key: ModelLibrary.sharedPrefix + key))
        }
        try await refuseOthers(files)
    }

    func move(
        _ bucket: String, from source: DirectoryStore, to target: TargetObjects,
        _ result: inout Result
    ) async throws {
        if try await !target.store.bucketExists(bucket) {
            try await target.store.createBucket(bucket)
        }
        result.uploadsLeft += try await source.multipartUploads(bucket).count
        try await forEachPage(of: bucket, source) { uploads in
            try await send(uploads, to: target, &result)
            progress("\(result.objects) objects copied, now in \(bucket)")
        }
    }

    private func forEachPage(
        of bucket: String, _ source: DirectoryStore, _ body: ([Upload]) async throws -> Void
    ) async throws {
        let root = DataDirectory.buckets(configuration.dataDirectory)
        guard let files = BucketFiles(bucket, root: root) else { return }
        var query = ListQuery(limit: Self.pageKeys)
        while true {
            let page = try await source.page(bucket, query)
            try await body(
                page.objects.filter { files.file(of: $0.key) != nil }.map { object in
                    Upload(
                        source: .object(files, key: object.key), object: object,
                        location: ObjectLocation(bucket: bucket, key: object.key))
                })
            guard let next = page.next else { return }
            query.after = next
        }
    }

    private func send(
        _ uploads: [Upload], to target: TargetObjects, _ result: inout Result
    ) async throws {
        let there = try await withThrowingTaskGroup(of: Bool.self) { group in
            var there = 0
            for (index, upload) in uploads.enumerated() {
                if index >= Self.uploadsAtOnce, try await group.next() ?? false { there += 1 }
                group.addTask { try await send(upload, to: target) }
            }
            for try await isThere in group where isThere { there += 1 }
            return there
        }
        result.objects += uploads.count
        result.objectsThere += there
    }

    /// - Returns: whether an earlier attempt had sent it.
    private func send(_ upload: Upload, to target: TargetObjects) async throws -> Bool {
        switch try await target.found(upload) {
        case .same: return true
        // It came after the comparison.
        case .other where !overwrites: throw TargetObjects.refusal(["\(upload.location)"])
        case .nothing, .likely, .other: break
        }
        let attributes = upload.object?.attributes ?? ObjectAttributes(etag: "")
        try await target.store.put(attributes, at: upload.location) {
            try upload.source.opened()
        }
        return false
    }
}
