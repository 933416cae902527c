import FoundationEssentials
import NIOPosix
import Storage
import TestSupport
import Testing

/// A directory store in a folder of its own, with one bucket.
struct DirectoryFixture: Sendable {
    static let bucket = "photos"

    let directory: TemporaryDirectory
    let pool = NIOThreadPool(numberOfThreads: 4)
    let store: DirectoryStore
    /// What is beside the buckets.
    var root: String { directory.path }
    var path: String { "\(directory.path)/buckets/\(Self.bucket)" }

    init() async throws {
        directory = try TemporaryDirectory()
        pool.start()
        store = try DirectoryStore(root: "\(directory.path)/buckets", pool: pool)
        try await store.makeBucket(Self.bucket)
    }

    /// The store as the next start of the server has it.
    func reopened() throws -> DirectoryStore {
        try DirectoryStore(root: "\(directory.path)/buckets", pool: pool)
    }

    func location(_ key: String) -> ObjectLocation {
        ObjectLocation(bucket: Self.bucket, key: key)
    }

    /// Puts a file as a person would.
    func place(_ key: String, _ bytes: Data = Data()) throws {
        let file = "\(path)/\(key)"
        if let slash = file.lastIndex(of: "/") {
            try FileManager.default.createDirectory(
                atPath: String(file[..<slash]), withIntermediateDirectories: true)
        }
        try bytes.write(to: URL(filePath: file))
    }

    @discardableResult
    func upload(
        _ key: String, _ bytes: Data, metadata: [String: String] = [:],
        condition: WriteCondition = .none
    ) async throws -> StoredObject {
        let upload = try await store.beginUpload(location(key))
        try await upload.write(bytes)
        return try await upload.finish(userMetadata: metadata, condition: condition)
    }

    func bytes(_ key: String) async throws -> Data {
        try await store.get(location(key), bytesMax: 1 << 30)
    }

    /// Paths of files below a hidden folder of the bucket.
    func files(_ folder: String) -> [String] {
        let root = "\(path)/\(folder)"
        return ((try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? [])
            .map { "\(root)/\($0)" }.filter { Self.isFile($0) }.sorted()
    }

    private static func isFile(_ path: String) -> Bool {
        var isDirectory = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            && !isDirectory
    }
}

/// What `body` throws must be a `StorageError` of this code.
func expectError(
    _ code: StorageError.Code, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    let error = await #expect(throws: StorageError.self, sourceLocation: sourceLocation) {
        try await body()
    }
    #expect(error?.code == code, sourceLocation: sourceLocation)
}

/// Random numbers that a seed repeats (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
