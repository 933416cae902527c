import FoundationEssentials
import TestSupport
import Testing

@testable import Vision

@Suite struct GraphRunTests {
    private static let side = 1000

    /// A graph whose run takes tens of seconds: 10⁹ multiplications in each of 400 operators.
    private static func slowSession(_ runtime: OnnxRuntime) throws -> InferenceSession {
        var builder = GraphBuilder(name: "slow")
        builder.input("x", .float, shape: [side, side])
        let product = (0..<400).reduce("x") { value, _ in builder.node("MatMul", [value, "x"]) }
        builder.output(
            builder.node("Identity", [product], output: "y"), shape: [side, side])
        return try InferenceSession(runtime: runtime, model: builder.model(), threads: 1)
    }

    private static func run(_ session: InferenceSession) throws(VisionError) {
        let values = [Float](repeating: 0, count: side * side)
        let input = Tensor(shape: [side, side], values: values)
        _ = try session.run([("x", .floats(input))], outputs: ["y"])
    }

    private static func runtime(seconds: Double) throws -> OnnxRuntime {
        try OnnxRuntime(
            library: "\(Checkout.root)/.deps/lib/spotter/libonnxruntime.so", runSecondsMax: seconds)
    }

    @Test(.ownThread) func aGraphThatComputesTooLongIsEnded() throws {
        let session = try Self.slowSession(try Self.runtime(seconds: 0.05))
        let error = #expect(throws: VisionError.self) { try Self.run(session) }
        #expect(error?.code == .invalidModel && error?.message.contains("ended after") == true)
    }

    @Test(.ownThread) func theEndOfTheProcessEndsRunsAndThoseThatWouldBegin() async throws {
        let runtime = try Self.runtime(seconds: 3600)
        let session = try Self.slowSession(runtime)
        async let ended: VisionError? = {
            do throws(VisionError) { try Self.run(session) } catch { return error }
            return nil
        }()
        runtime.endRuns()
        #expect(await ended?.code == .cancelled)
        let later = #expect(throws: VisionError.self) { try Self.run(session) }
        #expect(later?.code == .cancelled)
    }
}
