import FoundationEssentials
import NIOPosix
import Storage

/// Copies the artifacts of a recipe into the registry, piece by piece.
struct ArtifactStager: Sendable {
    let objects: any ObjectStore
    let pool: NIOThreadPool

    /// Reads every artifact once and puts its digest into the recipe.
    ///
    /// - Returns: the files in `folder`.
    /// - Throws: `artifactUnavailable` naming every artifact that cannot be read, and
    ///   `StorageError.unavailable` when the disk or the object store failed.
    func stage(_ recipe: inout RecipeDocument, in folder: StagingFolder) async throws
        -> [RegistryArtifact]
    {
        var files: [RegistryArtifact] = []
        var unreadable: [String] = []
        var bytesLeft = Limits.artifactBytesMax
        for artifact in recipe.artifacts {
            guard let location = artifact.location, let name = artifact.fileName else { continue }
            var file = files.first { $0.uri == artifact.uri }
            if file == nil, !unreadable.contains(artifact.uri) {
                do {
                    let copied = try await copy(location, bytesMax: bytesLeft, folder, files.count)
                    bytesLeft -= copied.size
                    file = try await place(artifact.uri, name, copied, among: files, folder)
                    files += file.map { [$0] } ?? []
                } catch let error as StorageError where error.code != .unavailable {
                    unreadable.append(artifact.uri)
                }
            }
            if let file { recipe.setDigest(file.digest, of: artifact) }
        }
        guard unreadable.isEmpty else { throw Self.unavailable(unreadable) }
        return files
    }

    /// The original's words.
    static func unavailable(_ uris: [String]) -> ComponentError {
        let errors = uris.map { "\($0) = Specified artifact resource cannot be accessed" }
        return ComponentError(
            .artifactUnavailable,
            "Invalid Input: Encountered following errors in Artifacts: "
                + "{\(errors.joined(separator: ", "))}")
    }

    private func copy(
        _ location: ObjectLocation, bytesMax: Int, _ folder: StagingFolder, _ number: Int
    ) async throws -> (file: String, digest: Data, size: Int) {
        let pool = pool
        let name = "\(number).part"
        let file = try await pool.runIfActive {
            // What an earlier try left.
            try? FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
            return try StagedFile("\(folder.path)/\(name)")
        }
        try await objects.read(location, bytesMax: bytesMax) { piece in
            try await pool.runIfActive { try file.append(piece) }
        }
        let (digest, size) = try await pool.runIfActive { try file.finish() }
        return (name, digest, size)
    }

    /// Gives a copied file its name. Of two files with one name, which only two manifests can have,
    /// the second goes into a folder of its own.
    private func place(
        _ uri: String, _ name: String, _ copied: (file: String, digest: Data, size: Int),
        among files: [RegistryArtifact], _ folder: StagingFolder
    ) async throws -> RegistryArtifact {
        let digest = copied.digest.base64EncodedString()
        let same = files.first {
            $0.digest == digest && ($0.file == name || $0.file.hasSuffix("/\(name)"))
        }
        let isTaken = files.contains { $0.file == name }
        let path =
            same?.file ?? (isTaken ? "\(Fingerprint.of([copied.digest]))/\(name)" : name)
        if same == nil {
            try await pool.runIfActive { try folder.rename(copied.file, to: path) }
        }
        return RegistryArtifact(uri: uri, file: path, digest: digest, size: copied.size)
    }
}
