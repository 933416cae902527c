import Base
import Crypto
import FoundationEssentials
import Service
import Storage
import Wire

/// The part of the doctor that reads everything and compares it with its checksums (`--deep`).
extension Doctor {
    /// How many damaged things a finding names.
    private static let namesMax = 10
    private static let page = 1_000

    /// - Parameter metadata: nil where the rows cannot be read; their models are left out then.
    func bytes(_ metadata: (any MetadataStore)?) async -> [Finding] {
        var findings = await pages()
        if configuration.objectStore == .directory {
            let buckets = DataDirectory.buckets(configuration.dataDirectory)
            findings.append(await objects(below: buckets, "bytes of objects"))
        }
        if configuration.isCluster {
            findings.append(await modelsInState(metadata))
        } else {
            let models = DataDirectory.models(configuration.dataDirectory)
            findings.append(await objects(below: models, "bytes of models"))
        }
        findings.append(await components())
        return findings
    }

    // MARK: The database

    /// PostgreSQL checks its pages itself, where `data_checksums` is on.
    private func pages() async -> [Finding] {
        let path = DataDirectory.database(configuration.dataDirectory)
        guard configuration.metadata == .embedded, FileStatus(path: path) != nil else { return [] }
        let check = "database pages"
        return await blocking(check) {
            let problems = try SQLiteFile.problems(path)
            guard !problems.isEmpty else { return [.ok(check, "are sound")] }
            return [
                .failed(
                    check, "\(path): \(problems.joined(separator: "; "))",
                    do: "Stop the server and restore the data directory from a backup.")
            ]
        }
    }

    // MARK: Objects

    private struct Tally {
        var whole = 0
        var unknown = 0
        var damaged: [String] = []
    }

    /// All objects of the buckets in a folder.
    private func objects(below root: String, _ check: String) async -> Finding {
        guard FileStatus(path: root) != nil else { return .ok(check, "there are none yet") }
        var tally = Tally()
        do {
            let store = try DirectoryStore(root: root, pool: stores.pool)
            for bucket in try await store.buckets() {
                var after: String?
                repeat {
                    let objects = try await store.list(
                        bucket.name, prefix: "", after: after, limit: Self.page)
                    for object in objects { await verify(object, bucket.name, store, &tally) }
                    after = objects.last?.key
                } while after != nil
            }
        } catch {
            return .failed(check, "\(error)", do: "Mend what the message names.")
        }
        guard tally.damaged.isEmpty else {
            return .failed(
                check,
                "\(tally.damaged.count) of \(tally.whole + tally.damaged.count) are damaged: "
                    + Self.names(tally.damaged),
                do: "Put them again, or restore them from a backup; see that the disk is sound.")
        }
        let unknown =
            tally.unknown == 0
            ? ""
            : "; \(tally.unknown) were put there by hand, and nothing is known about their bytes"
        return .ok(check, "\(tally.whole) are as they were written\(unknown)")
    }

    private func verify(
        _ object: ObjectSummary, _ bucket: String, _ store: DirectoryStore, _ tally: inout Tally
    ) async {
        let location = ObjectLocation(bucket: bucket, key: object.key)
        do {
            if try await store.verify(location) { tally.whole += 1 } else { tally.unknown += 1 }
        } catch let error as StorageError where error.code == .noSuchObject {
            // It was removed meanwhile.
        } catch {
            tally.damaged.append("\(error)")
        }
    }

    // MARK: Models of a cluster

    private func modelsInState(_ metadata: (any MetadataStore)?) async -> Finding {
        let check = "bytes of models"
        guard let metadata else { return .ok(check, "were left out, as the rows cannot be read") }
        var (whole, damaged) = (0, [String]())
        do {
            let library = try stores.models()
            for model in try await metadata.read({ try $0.models(status: .hosted) }) {
                do {
                    _ = try await library.load(model)
                    whole += 1
                } catch {
                    damaged.append("\(error)")
                }
            }
        } catch {
            return .failed(check, "\(error)", do: "Mend what the message names.")
        }
        guard damaged.isEmpty else {
            return .failed(check, Self.names(damaged), do: "Train these models again.")
        }
        return .ok(check, "\(whole) hosted models are as they were written")
    }

    // MARK: Components

    private func components() async -> Finding {
        let check = "bytes of components"
        var (whole, damaged) = (0, [String]())
        do {
            let registry = try stores.components()
            var after: ComponentName?
            repeat {
                let newest = try await registry.newest(after: after, limit: Self.page)
                for name in newest.map(\.component.name) {
                    let versions = try await registry.versions(
                        of: name, before: nil, limit: Self.page)
                    for version in versions {
                        do {
                            try await verify(name, version, registry)
                            whole += 1
                        } catch {
                            damaged.append("\(name) \(version): \(error)")
                        }
                    }
                }
                after = newest.last?.component.name
            } while after != nil
        } catch {
            return .failed(check, "\(error)", do: "Mend what the message names.")
        }
        guard damaged.isEmpty else {
            return .failed(
                check, Self.names(damaged),
                do: "Delete these versions and package the models again.")
        }
        return .ok(check, "\(whole) versions have artifacts as their recipes say")
    }

    private func verify(
        _ name: ComponentName, _ version: ComponentVersion, _ registry: any ComponentCatalogue
    ) async throws {
        guard let details = try await registry.details(name, version: version) else { return }
        for artifact in details.artifacts where !artifact.digest.isEmpty {
            let reader = try await registry.artifact(name, version: version, artifact.file)
            guard let reader else {
                throw AdministrationError("the artifact \(artifact.file) is gone")
            }
            var hash = SHA256()
            try await reader.read(0..<reader.size) { hash.update(data: $0) }
            guard Data(hash.finalize()).base64EncodedString() == artifact.digest else {
                throw AdministrationError(
                    "the artifact \(artifact.file) does not have the digest of the recipe")
            }
        }
    }

    private static func names(_ names: [String]) -> String {
        let rest = names.count - namesMax
        return names.prefix(namesMax).joined(separator: " ")
            + (rest > 0 ? " And \(rest) more." : "")
    }
}
