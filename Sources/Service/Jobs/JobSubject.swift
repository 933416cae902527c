import Base
package import FoundationEssentials
package import Storage
package import Wire

/// What a job does, and to what.
package enum JobSubject: Sendable, Codable, Equatable {
    /// `reader` is nil for the root key, and in rows of before pictures were read by rights.
    case readManifest(
        project: String, type: DatasetType, manifest: ObjectLocation, reader: PictureReader? = nil)
    case train(project: String, version: Int)
    case startHosting(project: String, version: Int)
    case stopHosting(project: String, version: Int)
    case package(project: String, jobName: String)
    case updateEntries(project: String, type: DatasetType, reader: PictureReader? = nil)
    case deleteModel(project: String, version: Int)

    /// The names under which jobs of a kind are stored.
    package enum Kind: String, Sendable, CaseIterable {
        case dataset
        case train
        case host
        case package
        case delete

        /// Lower goes first: what takes a moment before what takes minutes.
        var priority: Int {
            switch self {
            case .host, .delete: 0
            case .package: 1
            case .dataset: 2
            case .train: 3
            }
        }
    }

    /// Name of the project that the job works on; every job has exactly one.
    package var project: String {
        switch self {
        case .readManifest(let project, _, _, _), .train(let project, _),
            .startHosting(let project, _), .stopHosting(let project, _),
            .package(let project, _), .updateEntries(let project, _, _),
            .deleteModel(let project, _):
            project
        }
    }

    /// Decides the lane and the priority.
    package var kind: Kind {
        switch self {
        case .readManifest, .updateEntries: .dataset
        case .train: .train
        case .startHosting, .stopHosting: .host
        case .package: .package
        case .deleteModel: .delete
        }
    }

    /// A new, queued row; inserting it is up to the caller.
    ///
    /// - Parameter id: a random one.
    package func record(_ id: UUID = .random(), created: Date) throws -> JobRecord {
        JobRecord(
            id: id, kind: kind.rawValue, subject: try JSONCoding.encode(self),
            project: project, priority: kind.priority, created: created)
    }

    /// - Throws: `DecodingError` for a row of a newer program.
    package init(of job: JobRecord) throws {
        self = try JSONCoding.decode(JobSubject.self, from: job.subject)
    }
}

extension JobSubject: CustomStringConvertible {
    /// A verb and its objects in lower case, for log lines; not parsed.
    package var description: String {
        switch self {
        case .readManifest(let project, let type, let manifest, _):
            "read \(manifest) into the \(type.rawValue) dataset of \(project)"
        case .train(let project, let version): "train \(project)/\(version)"
        case .startHosting(let project, let version): "start \(project)/\(version)"
        case .stopHosting(let project, let version): "stop \(project)/\(version)"
        case .package(let project, let jobName): "package \(project) in job \(jobName)"
        case .updateEntries(let project, let type, _):
            "update the \(type.rawValue) dataset of \(project)"
        case .deleteModel(let project, let version): "delete \(project)/\(version)"
        }
    }
}
