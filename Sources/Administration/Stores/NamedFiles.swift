import Base
import FoundationEssentials
import Service
import Storage
import Wire

/// Files of a data directory that its rows name.
struct NamedFiles {
    struct Model: Hashable {
        let project: String
        let version: Int
        /// Keys in the bucket of models.
        let keys: [String]
    }

    private(set) var models: [Model] = []
    /// Names of projects by their backbones.
    private(set) var backbones: [String: String] = [:]
    private(set) var projectCount = 0
    private(set) var modelCount = 0

    init(_ transaction: MetadataTransaction) throws {
        var last: String?
        while true {
            let page = try transaction.projects(
                after: last, limit: OperatingLimits.projectsPage)
            for project in page {
                if let backbone = project.settings?.backbone { backbones[backbone] = project.name }
                for model in try transaction.models(project.name, before: nil, limit: .max) {
                    modelCount += 1
                    guard model.status.hasFiles else { continue }
                    models.append(
                        Model(
                            project: model.project, version: model.version,
                            keys: ModelLibrary.keys(of: model, prefix: "")))
                }
            }
            projectCount += page.count
            last = page.last?.name
            guard page.count == OperatingLimits.projectsPage else { return }
        }
    }

    /// What is not there, by paths below a data directory, in words.
    func missing(in root: String) -> [String: String] {
        var missing: [String: String] = [:]
        func check(_ path: String, _ owner: String) {
            if !(FileStatus(path: "\(root)/\(path)")?.isFile ?? false) {
                missing[path] = "\(path) of \(owner)"
            }
        }
        for model in models {
            for key in model.keys {
                check(
                    DataDirectory.modelPath(key), "the model \(model.project)/\(model.version)")
            }
        }
        for (name, project) in backbones {
            check("backbones/\(name).onnx", "the project \(project)")
        }
        return missing
    }
}

extension ModelStatus {
    /// Whether a model in this state has its files.
    var hasFiles: Bool {
        switch self {
        case .training, .trainingFailed, .deleting: false
        case .trained, .startingHosting, .hosted, .hostingFailed, .stoppingHosting,
            .systemUpdating:
            true
        }
    }
}

extension DataDirectory {
    /// Path of a model's file below the data directory.
    static func modelPath(_ key: String) -> String { "internal/\(modelsBucket)/\(key)" }
}
