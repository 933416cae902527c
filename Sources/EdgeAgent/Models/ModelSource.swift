import FoundationEssentials
import Vision

/// Where a model's package lies and how it came to be known.
package struct ModelSource: Sendable, Equatable {
    /// Checked by `checkName` before it is listed.
    package var component: String
    /// MAJOR.MINOR.PATCH of the component; empty for an unpacked folder without a version.
    package var version: String
    /// Candidates in order of preference; the first that exists is used.
    package var paths: [String]
    /// Of the component's own configuration; the agent's file fills what they leave open.
    package var settings: ModelSettings
    /// Changes when the package's file does, so that a copy that was not complete is read again.
    package var stamp: String

    /// - Parameter stamp: stays empty for attached models, which `FolderWatch` does not look at.
    package init(
        component: String, version: String, paths: [String], settings: ModelSettings,
        stamp: String = ""
    ) {
        self.component = component
        self.version = version
        self.paths = paths
        self.settings = settings
        self.stamp = stamp
    }

    /// The nucleus for local deployments does not always unpack, so an unpacked folder counts only
    /// with a manifest in it.
    func path() throws(VisionError) -> String {
        let files = FileManager.default
        for path in paths {
            var isDirectory = false
            guard files.fileExists(atPath: path, isDirectory: &isDirectory) else { continue }
            if !isDirectory || files.fileExists(atPath: "\(path)/\(ModelManifest.fileName)") {
                return path
            }
        }
        throw VisionError(
            .invalidModel,
            "There is no package at \(paths.joined(separator: " nor at ")). Deploy the component "
                + "again, or copy the archive there.")
    }

    /// The package's manifest, or why it cannot be read. Blocks.
    var manifest: Result<ModelManifest, VisionError> {
        do throws(VisionError) {
            return .success(try ModelPackage.manifest(path: try path()))
        } catch {
            return .failure(error)
        }
    }

    /// The manifest of a package whose files and graph are fine, or what is wrong with them.
    /// Blocks.
    var checked: Result<ModelManifest, VisionError> {
        do throws(VisionError) {
            let package = try ModelPackage(path: try path())
            try package.checkGraph()
            return .success(package.manifest)
        } catch {
            return .failure(error)
        }
    }

    static func checkName(_ component: String) throws(AgentError) {
        let isName = component.utf8.allSatisfy {
            ($0 >= 48 && $0 <= 57) || ($0 >= 65 && $0 <= 90) || ($0 >= 97 && $0 <= 122)
                || $0 == 45 || $0 == 46 || $0 == 95
        }
        guard isName, component != ".", component != "..",
            (1...AgentLimits.componentCharactersMax).contains(component.utf8.count)
        else {
            throw AgentError(
                .invalidArgument,
                "'\(component.excerpt)' is no component name: 1 to "
                    + "\(AgentLimits.componentCharactersMax) letters, digits, '-', '_' or '.'.")
        }
    }
}

/// A version of three numbers, as component versions are.
struct ComponentVersionNumber: Comparable {
    let numbers: [Int]

    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int($0) }
        guard parts.count == 3, numbers.count == 3, numbers.allSatisfy({ $0 >= 0 }) else {
            return nil
        }
        self.numbers = numbers
    }

    static func < (left: Self, right: Self) -> Bool {
        left.numbers.lexicographicallyPrecedes(right.numbers)
    }
}

/// A folder of models: `COMPONENT/VERSION/FILE.zip`, of which the highest version counts, or
/// `COMPONENT/manifest.json` already unpacked. The first is the layout of a registry's artifacts.
enum ModelFolder {
    static func sources(in folder: String) -> [ModelSource] {
        let files = FileManager.default
        let components = (try? files.contentsOfDirectory(atPath: folder)) ?? []
        return components.sorted().prefix(AgentLimits.modelsMax).compactMap { component in
            guard (try? ModelSource.checkName(component)) != nil else { return nil }
            let path = "\(folder)/\(component)"
            if files.fileExists(atPath: "\(path)/\(ModelManifest.fileName)") {
                return ModelSource(
                    component: component, version: "", paths: [path], settings: ModelSettings(),
                    stamp: stamp("\(path)/\(ModelManifest.fileName)"))
            }
            let versions = ((try? files.contentsOfDirectory(atPath: path)) ?? [])
                .compactMap { name in ComponentVersionNumber(name).map { (name, $0) } }
                .sorted { $0.1 > $1.1 }
            for (version, _) in versions {
                let inside = (try? files.contentsOfDirectory(atPath: "\(path)/\(version)")) ?? []
                if let archive = inside.sorted().first(where: { $0.hasSuffix(".zip") }) {
                    let full = "\(path)/\(version)/\(archive)"
                    return ModelSource(
                        component: component, version: version, paths: [full],
                        settings: ModelSettings(), stamp: stamp(full))
                }
            }
            return nil
        }
    }

    private static func stamp(_ path: String) -> String {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            return ""
        }
        let size = attributes[.size] as? Int ?? (attributes[.size] as? UInt64).map(Int.init) ?? 0
        let date = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        return "\(size) \(date)"
    }
}
