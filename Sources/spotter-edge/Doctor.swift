import ArgumentParser
import EdgeAgent
import FoundationEssentials
import Glibc
import Vision

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells what works on this device and what does not.",
        discussion: "Ends with 1 when something must be mended.")

    @Option(help: "The agent's socket.")
    var socket = SocketAddress.standard

    @Option(help: "Folder of models, as the agent takes it; may be repeated.")
    var models: [String] = []

    @Argument(help: "Packages to check: archives or unpacked folders.")
    var packages: [String] = []

    func run() throws {
        var isWell = true
        func report(_ fine: Bool, _ text: String) {
            if !fine { isWell = false }
            SpotterEdge.line("\(fine ? "ok  " : "BAD ") \(text)")
        }
        var runtime: OnnxRuntime?
        do {
            let path = try SpotterEdge.runtimePath()
            let opened = try OnnxRuntime(library: path)
            report(true, "ONNX Runtime \(opened.version) at \(path)")
            report(
                true,
                "execution providers: \(opened.availableProviders.joined(separator: ", "))")
            runtime = opened
        } catch {
            report(false, "\(error)")
        }
        if let runtime {
            let device = Device.current(runtime: runtime)
            let known = ["avx", "avx2", "avx512f", "avx512_vnni", "asimd", "asimddp"].filter {
                device.processorFlags.contains($0)
            }
            report(true, "processor: \(device.architecture) \(known.joined(separator: " "))")
        }
        checkSocket(report)
        for package in packages + found() { check(package, runtime, report) }
        if !isWell { throw ExitCode(1) }
    }

    private func checkSocket(_ report: (Bool, String) -> Void) {
        do {
            let address = try SocketAddress(socket)
            switch address.connects() {
            case ECONNREFUSED where address.identity == nil:
                report(
                    false,
                    "\(address.path) is there and is no socket; remove it or choose another --socket"
                )
            case 0:
                report(true, "an agent listens on \(address.path)")
                checkAttaching(try address.forAttaching(), report)
            case ENOENT: report(true, "no agent listens on \(address.path); it is free")
            case ECONNREFUSED:
                report(
                    true, "\(address.path) is left from an agent that is gone; a new one takes it")
            case EACCES:
                report(
                    false,
                    "\(address.path) may not be opened by you; start the agent with --socket-group "
                        + "of a group that you are in")
            case let reason: report(false, "\(address.path): \(String(cString: strerror(reason)))")
            }
        } catch {
            report(false, "\(error)")
        }
    }

    /// Clients need nothing of this socket, so its state alone makes nothing BAD.
    private func checkAttaching(_ address: SocketAddress, _ report: (Bool, String) -> Void) {
        switch address.connects() {
        case 0: report(true, "models can be attached at \(address.path)")
        case EACCES:
            report(
                true,
                "models are attached at \(address.path) by the agent's user or root, not by you")
        case let reason: report(false, "\(address.path): \(String(cString: strerror(reason)))")
        }
    }

    private func found() -> [String] {
        models.flatMap { folder in
            let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
            return paths.filter {
                $0.hasSuffix(".zip") || $0.hasSuffix("/\(ModelManifest.fileName)")
            }.sorted().map { path in
                let full = "\(folder)/\(path)"
                return full.hasSuffix(".zip")
                    ? full : String(full.dropLast(ModelManifest.fileName.count + 1))
            }
        }
    }

    private func check(
        _ package: String, _ runtime: OnnxRuntime?, _ report: (Bool, String) -> Void
    ) {
        do {
            let opened = try ModelPackage(path: package)
            let what =
                "\(package): \(opened.manifest.modelArn), format \(opened.manifest.formatVersion)"
            guard let runtime else { return report(true, "\(what), files are whole") }
            let plan = try Device.current(runtime: runtime).plan(
                for: opened.manifest, ModelSettings())
            _ = try opened.detector(runtime: runtime, threads: 1, providers: plan.providers)
            let test = opened.selfTest == nil ? "has no self-test" : "self-test passed"
            report(
                true, ([what + ", \(test) on \(plan.name)."] + plan.warnings).joined(separator: " ")
            )
        } catch {
            report(false, "\(package): \(error)")
        }
    }
}
