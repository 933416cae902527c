import Base
import Dispatch
import EdgeAgent
import FoundationEssentials
import Logging
import TestSupport
import Testing

@testable import Vision

@Suite struct ModelLoaderTests {
    private static let good = "\(Checkout.root)/Tests/VisionTests/Golden/package-2.zip"

    /// A package within all bounds whose graph computes for half a minute: 10⁹ multiplications in
    /// each of 900 operators.
    private static func slowPackage(in folder: String) throws -> String {
        var builder = GraphBuilder(name: "slow")
        builder.input("image", .uint8, shape: [1, 64, 64, 3])
        let floats = builder.node("Cast", ["image"], [("to", .int(1))])
        let planes = builder.node("Transpose", [floats], [("perm", .ints([0, 3, 1, 2]))])
        let map = builder.node(
            "ReduceMax", [planes], [("axes", .ints([1])), ("keepdims", .int(1))],
            output: "anomaly_map")
        let large = builder.node(
            "Resize", [map, "", "", builder.constant([1, 1, 1000, 1000], "size")])
        let square = builder.node("Reshape", [large, builder.constant([1000, 1000], "square")])
        let product = (0..<900).reduce(square) { value, _ in
            builder.node("MatMul", [value, square])
        }
        let flat = builder.node("Reshape", [product, builder.constant([-1], "flat")])
        _ = builder.node(
            "ReduceMean", [flat], [("axes", .ints([0])), ("keepdims", .int(1))], output: "score")
        builder.output("score", shape: [1])
        builder.output("anomaly_map", shape: [1, 1, 64, 64])
        let model = try builder.model()
        var manifest = try ModelPackage.manifest(path: good)
        manifest.formatVersion = 1
        manifest.files = [ModelManifest.modelFileName: Checksum.sha256(model)]
        for (name, bytes) in [
            (ModelManifest.fileName, try manifest.encoded()), (ModelManifest.modelFileName, model),
        ] {
            try bytes.write(to: URL(filePath: "\(folder)/\(name)"))
        }
        return folder
    }

    /// Waits until the model has one of these states.
    private static func wait(
        _ shelf: ModelShelf, _ component: String, _ states: ModelState.Status...
    ) async throws -> ModelListing {
        while true {
            let listing = try shelf.describe(component)
            if states.contains(listing.status) { return listing }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test func aPackageThatComputesTooLongFailsAndKeepsNoOtherFromStarting() async throws {
        let runtime = try OnnxRuntime(
            library: "\(Checkout.root)/.deps/lib/spotter/libonnxruntime.so", runSecondsMax: 3600)
        let folder = try TemporaryDirectory()
        let shelf = ModelShelf(configuration: AgentConfiguration())
        let slow = ModelSource(
            component: "slow", version: "1.0.0", paths: [try Self.slowPackage(in: folder.path)],
            settings: ModelSettings())
        let good = ModelSource(
            component: "good", version: "1.0.0", paths: [Self.good], settings: ModelSettings())
        for source in [slow, good] {
            let manifest = try ModelPackage.manifest(path: source.paths[0])
            _ = try shelf.attach(source, .success(manifest))
        }
        // The slow one is given up only after the other runs, as `secondsMax` is long enough.
        let loader = ModelLoader(
            shelf: shelf, runtime: runtime, device: .current(runtime: runtime), threads: 1,
            secondsMax: 5, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await loader.run() }
            _ = try shelf.start("slow")
            _ = try shelf.start("good")
            _ = try await Self.wait(shelf, "good", .running)
            #expect(try shelf.describe("slow").status == .starting)
            let failed = try await Self.wait(shelf, "slow", .failed, .running)
            #expect(failed.status == .failed && failed.message.contains("given up"))
            group.cancelAll()
        }
        // What was left behind does not outlive the test.
        runtime.endRuns()
    }

    @Test func workThatTakesTooLongIsLeftAndItsEndIsStillHeardOf() async {
        let gate = DispatchSemaphore(value: 0)
        let ended = AsyncStream<Void>.makeStream()
        let blocked = await LeavableWork.run(within: .milliseconds(20)) {
            gate.wait()
            return 1
        } onEnd: {
            ended.continuation.yield()
        }
        #expect(blocked == nil)
        // Others have threads of their own.
        #expect(await LeavableWork.run(within: .seconds(3600)) { 2 } == 2)
        gate.signal()
        var ends = ended.stream.makeAsyncIterator()
        #expect(await ends.next() != nil)
    }

    @Test func workIsLeftWhenItsTaskIsCancelled() async {
        let gate = DispatchSemaphore(value: 0)
        let task = Task { await LeavableWork.run(within: .seconds(3600)) { gate.wait() } }
        task.cancel()
        #expect(await task.value == nil)
        gate.signal()
    }
}
