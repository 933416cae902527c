import Access
import Base
import FoundationEssentials
import Service
import Storage
import Wire

/// The agent that a device needs beside a model: what this server has of it, and how to get it.
struct AgentPages {
    private let visit: Visit
    /// `amd64` or `aarch64`.
    private let architecture: String

    /// - Throws: `unknownOperation` for a processor that there is no agent for.
    init(_ visit: Visit, _ architecture: String) throws {
        guard ["amd64", "aarch64"].contains(architecture) else { throw Console.nothingHere }
        self.visit = visit
        self.architecture = architecture
    }

    /// The values of the template `agent`.
    func values() async throws -> [String: Any] {
        var values: [String: Any] = [
            "agentName": EdgeAgentComponent.name, "architecture": architecture,
            "agentVersion": version,
        ]
        do {
            if let offer = try await visit.operations.publishedAgent(for: architecture) {
                values["agentVersion"] = offer.version
                values["offer"] = [
                    "version": offer.version, "page": "/console/agent/\(architecture)",
                    "file": offer.archive?.name ?? "",
                    "size": offer.archive.map { "\(($0.bytes + (1 << 20) - 1) >> 20) MiB" } ?? "",
                ]
                return values
            }
        } catch let error as AccessError {
            values["noAgent"] = error.message
            return values
        }
        values[bundle == nil ? "mustMake" : "canPublish"] = true
        // A version has one content for all processors: what is published needs a higher one.
        var proposed = version
        if let newest = try await visit.operations.newestAgentVersion() {
            values["newestAgent"] = newest.text
            if ComponentVersion(version).map({ $0 <= newest }) ?? true {
                proposed = newest.next?.text ?? version
            }
        }
        values["agentVersion"] = proposed
        do {
            if let reason = try await visit.operations.agentPublishingRefusal(proposed) {
                values["publish"] = ["disabled": true, "reason": reason]
            }
        } catch let error as StorageError {
            values["publish"] = ["disabled": true, "reason": error.message]
        }
        return values
    }

    /// Registers the agent that lies beside the server.
    ///
    /// - Parameter version: as the form has it; empty for the server's own.
    func publish(_ chosen: String) async throws {
        guard let bundle else { throw missing }
        let version = chosen.isEmpty ? self.version : chosen
        guard ComponentVersion(version)?.isSemantic ?? false else {
            throw WireError.validation(
                "The version '\(version.prefix(40))' must be three numbers like 1.2.3.")
        }
        let input: [String: JSONValue] = [
            "ComponentName": .string(EdgeAgentComponent.name),
            "ComponentVersion": .string(version), "Architecture": .string(architecture),
        ]
        try await visit.noting("PublishEdgeAgent", input) {
            try await visit.operations.publishAgent(
                bundle: bundle, architecture: architecture, version: version)
        }
    }

    private var bundle: String? { visit.installation?.agentBundle(architecture) }

    /// What is published unless somebody gives the command another one.
    private var version: String { visit.installation?.version ?? "" }

    func recipe() async throws -> ConsoleResponse {
        guard let offer = try await visit.operations.publishedAgent(for: architecture) else {
            throw missing
        }
        return .download("\(offer.name)-\(offer.version).json", "application/json", offer.recipe)
    }

    func archive() async throws -> ConsoleResponse {
        guard
            let (name, reader) = try await visit.operations.publishedAgentArchive(
                for: architecture)
        else { throw missing }
        guard reader.size <= ConsoleLimits.archiveBytesMax else {
            throw WireError.validation(
                "\(name) has \(reader.size) bytes; the console hands out at most "
                    + "\(ConsoleLimits.archiveBytesMax). Get it with GetComponentVersionArtifact.")
        }
        var bytes = Data()
        try await reader.read(0..<reader.size) { bytes += $0 }
        return .download(name, "application/zip", bytes)
    }

    private var missing: WireError {
        WireError(
            .resourceNotFound,
            "No agent for \(architecture) has been published with this server. "
                + "'spotter edge-agent publish --arch \(architecture)' does that.")
    }
}
