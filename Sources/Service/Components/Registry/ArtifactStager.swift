import Base
import FoundationEssentials
import Glibc
import NIOPosix
import Storage

/// Where the artifacts of a version go that is being made.
protocol ArtifactDestination: Sendable {
    /// A folder for files on their way.
    var workFolder: String { get }

    /// Takes a file of `workFolder`, which is removed afterwards if it is still there.
    ///
    /// - Parameters:
    ///   - path: of the file.
    ///   - name: path of the artifact below the version's folder; used once.
    func keep(_ path: String, as name: String) async throws
}

/// Copies the artifacts of a recipe into the registry, piece by piece.
struct ArtifactStager: Sendable {
    let objects: any ObjectStore
    let pool: NIOThreadPool
    /// Files with the bytes of artifacts, which are read in place of the objects.
    let localFiles: [ObjectLocation: String]

    private struct Copy {
        let path: String
        /// Raw SHA-256.
        let digest: Data
        let size: Int
    }

    /// Reads every artifact once and puts its digest into the recipe.
    ///
    /// - Returns: the recipe with digests, and the files that `destination` has got.
    /// - Throws: `artifactUnavailable` naming every artifact that cannot be read, and
    ///   `StorageError.unavailable` when the disk or the object store failed; what `destination`
    ///   has got is left to the caller then.
    func stage(_ recipe: RecipeDocument, in destination: some ArtifactDestination)
        async throws -> (recipe: RecipeDocument, files: [RegistryArtifact])
    {
        var complete = recipe
        var files: [RegistryArtifact] = []
        var unreadable: [String] = []
        var bytesLeft = Limits.artifactBytesMax
        for artifact in recipe.artifacts {
            guard let location = artifact.location, let name = artifact.fileName else { continue }
            var file = files.first { $0.uri == artifact.uri }
            if file == nil, !unreadable.contains(artifact.uri) {
                let path = "\(destination.workFolder)/\(UUID.random().uuidString).part"
                do {
                    if let copied = try await copy(location, bytesMax: bytesLeft, to: path) {
                        bytesLeft -= copied.size
                        let new = try await place(
                            artifact.uri, name, copied, among: files, destination)
                        files.append(new)
                        file = new
                    } else {
                        unreadable.append(artifact.uri)
                    }
                } catch {
                    await pool.runAnyway { unlink(path) }
                    throw error
                }
                await pool.runAnyway { unlink(path) }
            }
            if let file { complete.setDigest(file.digest, of: artifact) }
        }
        guard unreadable.isEmpty else { throw Self.unavailable(unreadable) }
        return (complete, files)
    }

    /// In Greengrass' words.
    static func unavailable(_ uris: [String]) -> ComponentError {
        let errors = uris.map { "\($0) = Specified artifact resource cannot be accessed" }
        return ComponentError(
            .artifactUnavailable,
            "Invalid Input: Encountered following errors in Artifacts: "
                + "{\(errors.joined(separator: ", "))}")
    }

    /// - Returns: nil for an object that cannot be read, however often one tries.
    private func copy(_ location: ObjectLocation, bytesMax: Int, to path: String) async throws
        -> Copy?
    {
        let pool = pool
        let file = try await pool.runIfActive { try StagedFile(path) }
        do {
            if let local = localFiles[location] {
                try await pool.runIfActive { try file.append(fileAt: local, bytesMax: bytesMax) }
            } else {
                try await objects.read(location, bytesMax: bytesMax) { piece in
                    try await pool.runIfActive { try file.append(piece) }
                }
            }
        } catch let error as StorageError where !error.isPassing {
            return nil
        }
        let (digest, size) = try await pool.runIfActive { try file.finish() }
        return Copy(path: path, digest: digest, size: size)
    }

    /// Gives a copied file its name. Of two files with one name, which only two manifests can have,
    /// the second goes into a folder of its own.
    private func place(
        _ uri: String, _ name: String, _ copied: Copy, among files: [RegistryArtifact],
        _ destination: some ArtifactDestination
    ) async throws -> RegistryArtifact {
        let digest = copied.digest.base64EncodedString()
        let same = files.first {
            $0.digest == digest && ($0.file == name || $0.file.hasSuffix("/\(name)"))
        }
        let isTaken = files.contains { $0.file == name }
        let path =
            same?.file ?? (isTaken ? "\(Fingerprint.of([copied.digest]))/\(name)" : name)
        if same == nil { try await destination.keep(copied.path, as: path) }
        return RegistryArtifact(uri: uri, file: path, digest: digest, size: copied.size)
    }
}
