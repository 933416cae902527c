import Base
import FoundationEssentials
import Glibc
import Storage
import SystemPackage

/// The files of the embedded registry. Its calls block, so they belong on the pool.
///
///     ROOT/recipes/NAME-VERSION.json
///     ROOT/artifacts/NAME/VERSION/FILE
///     ROOT/components/NAME/VERSION.json        with it the component exists
///     ROOT/components/NAME/VERSION.unfinished  while a version is made or deleted
///     ROOT/tokens/SHA256.json                  what a client token was answered
///     ROOT/temporary/                          artifacts on their way
///     ROOT/lock                                held while any of them changes
///
/// `recipes` and `artifacts` have the layout that a local deployment of Greengrass takes. A version
/// is made in the order artifacts, recipe, record, since a device that sees a recipe may fetch its
/// artifacts, and deleted in the opposite one. More than one process may use a registry.
struct RegistryFolder: Sendable {
    let root: String

    init(root: String) throws {
        self.root = root
        for folder in ["recipes", "artifacts", "components", "tokens", "temporary"] {
            try FileManager.default.createDirectory(
                atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
    }

    private var temporary: String { "\(root)/temporary" }

    private func recordPath(_ name: ComponentName, _ version: ComponentVersion) -> String {
        "\(root)/components/\(name)/\(version).json"
    }

    private func markerPath(_ name: ComponentName, _ version: ComponentVersion) -> String {
        "\(root)/components/\(name)/\(version).unfinished"
    }

    private func recipePath(_ name: ComponentName, _ version: ComponentVersion) -> String {
        "\(root)/recipes/\(name)-\(version).json"
    }

    func artifactsPath(_ name: ComponentName, _ version: ComponentVersion) -> String {
        "\(root)/artifacts/\(name)/\(version)"
    }

    // MARK: Reading

    func record(_ name: ComponentName, _ version: ComponentVersion) throws -> ComponentRecord? {
        try read(ComponentRecord.self, recordPath(name, version))
    }

    func recipe(_ name: ComponentName, _ version: ComponentVersion) throws -> RecipeDocument? {
        try bytes(recipePath(name, version)).map { try RecipeDocument(stored: $0) }
    }

    /// Names of components that have a version, sorted.
    func names() -> [ComponentName] {
        entries("components").compactMap(ComponentName.init).filter {
            !versions(of: $0).isEmpty
        }.sorted()
    }

    /// Versions of a component, the newest first.
    func versions(of name: ComponentName) -> [ComponentVersion] {
        entries("components/\(name)").compactMap { file in
            guard file.hasSuffix(".json") else { return nil }
            return ComponentVersion(String(file.dropLast(5)))
        }.sorted(by: >)
    }

    private func entries(_ folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
    }

    private func bytes(_ path: String) throws -> Data? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            return try Data(contentsOf: URL(filePath: path))
        } catch {
            // It may have been deleted just now.
            guard FileManager.default.fileExists(atPath: path) else { return nil }
            throw error
        }
    }

    private func read<Value: Decodable>(_ type: Value.Type, _ path: String) throws -> Value? {
        try bytes(path).map { try JSONDecoder().decode(type, from: $0) }
    }

    private func write(_ value: some Encodable, to path: String) throws {
        // A temporary file among records or recipes could be taken for one.
        try DurableFile.write(
            try JSONCoding.encode(value, .indented), to: path, temporaryDirectory: temporary)
    }

    // MARK: Client tokens

    /// The version that a token was answered with.
    func answer(to token: String) throws -> ComponentRecord? {
        try read(ComponentRecord.self, tokenPath(token))
    }

    private func tokenPath(_ token: String) -> String {
        "\(root)/tokens/\(Fingerprint.of([Data(token.utf8)])).json"
    }

    // MARK: Changing; each holds the lock

    /// A folder for artifacts on their way, which `tidy` leaves alone while it is held.
    func staging() throws -> StagingFolder {
        try withLock { try StagingFolder(in: temporary) }
    }

    /// Makes a version.
    ///
    /// - Parameters:
    ///   - refusal: asked once nothing else can change; what it returns is returned in place of
    ///     making anything, what it throws is thrown.
    func commit(
        _ record: ComponentRecord, recipe: Data, _ staged: StagingFolder?,
        unless refusal: () throws -> ComponentRecord?
    ) throws -> ComponentRecord {
        try withLock {
            if let other = try refusal() { return other }
            let (name, version) = (record.component.name, record.component.version)
            for folder in ["components", "artifacts"] {
                try FileManager.default.createDirectory(
                    atPath: "\(root)/\(folder)/\(name)", withIntermediateDirectories: true)
                DurableFile.syncDirectory("\(root)/\(folder)")
            }
            let marker = markerPath(name, version)
            try DurableFile.write(Data(), to: marker, temporaryDirectory: temporary)
            do {
                try removeFiles(name, version)
                if let staged {
                    let path = artifactsPath(name, version)
                    guard rename(staged.path, path) == 0 else {
                        throw FileError("write", path)
                    }
                    DurableFile.syncDirectory("\(root)/artifacts/\(name)")
                }
                try DurableFile.write(
                    recipe, to: recipePath(name, version), temporaryDirectory: temporary)
                try write(record, to: recordPath(name, version))
            } catch {
                try? removeFiles(name, version)
                unlink(marker)
                throw error
            }
            unlink(marker)
            try write(record, to: tokenPath(record.component.clientToken))
            return record
        }
    }

    /// - Returns: nil when there is no such version.
    func update(
        _ name: ComponentName, _ version: ComponentVersion,
        _ change: (inout ComponentRecord) throws -> Void
    ) throws -> ComponentRecord? {
        try withLock {
            guard var record = try record(name, version) else { return nil }
            try change(&record)
            try write(record, to: recordPath(name, version))
            return record
        }
    }

    /// - Returns: false when there is no such version.
    func remove(_ name: ComponentName, _ version: ComponentVersion) throws -> Bool {
        try withLock {
            let path = recordPath(name, version)
            guard FileManager.default.fileExists(atPath: path) else { return false }
            try DurableFile.write(
                Data(), to: markerPath(name, version), temporaryDirectory: temporary)
            guard unlink(path) == 0 else { throw FileError("delete", path) }
            DurableFile.syncDirectory("\(root)/components/\(name)")
            try removeFiles(name, version)
            unlink(markerPath(name, version))
            removeEmptyFolders(name)
            return true
        }
    }

    /// Removes what a crash left unfinished, and tokens that nobody remembers any more.
    func tidy(tokensBefore time: Date) throws {
        try withLock {
            for name in entries("components").compactMap(ComponentName.init) {
                let markers = entries("components/\(name)").filter { $0.hasSuffix(".unfinished") }
                for marker in markers {
                    let text = String(marker.dropLast(".unfinished".count))
                    guard let version = ComponentVersion(text) else { continue }
                    // With a record it is whole: only the marker was left.
                    if !FileManager.default.fileExists(atPath: recordPath(name, version)) {
                        try removeFiles(name, version)
                    }
                    unlink(markerPath(name, version))
                }
                if !markers.isEmpty { removeEmptyFolders(name) }
            }
            for entry in entries("temporary") {
                StagingFolder.removeAbandoned("\(temporary)/\(entry)")
            }
            for file in entries("tokens") {
                let path = "\(root)/tokens/\(file)"
                let record = try? read(ComponentRecord.self, path)
                if (record?.component.created ?? .distantPast) < time { unlink(path) }
            }
        }
    }

    private func removeFiles(_ name: ComponentName, _ version: ComponentVersion) throws {
        let recipe = recipePath(name, version)
        guard unlink(recipe) == 0 || errno == ENOENT else { throw FileError("delete", recipe) }
        let artifacts = artifactsPath(name, version)
        if FileManager.default.fileExists(atPath: artifacts) {
            try FileManager.default.removeItem(atPath: artifacts)
        }
        for folder in ["recipes", "artifacts/\(name)"] {
            DurableFile.syncDirectory("\(root)/\(folder)")
        }
    }

    private func removeEmptyFolders(_ name: ComponentName) {
        for folder in ["components", "artifacts"] { rmdir("\(root)/\(folder)/\(name)") }
    }

    private func withLock<Value>(_ body: () throws -> Value) throws -> Value {
        let path = "\(root)/lock"
        let file = try OpenFile.opening(path, .readWrite, [.create])
        defer { file.close() }
        try file.waitForLock()
        return try body()
    }
}
