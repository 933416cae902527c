import ArgumentParser
import Vision

/// What `--latency-ms` takes: milliseconds, or 'none'.
struct LatencyBound: NumberOrWord {
    static let word = "none"
    static func number(_ text: String) -> Double? {
        Double(text).flatMap { Trainer.latencyMilliseconds.contains($0) ? $0 : nil }
    }

    let number: Double?

    /// The measured time of a model beside the bound that training was given, as a person reads it.
    static func text(_ milliseconds: Double, atMost bound: Double) -> String {
        "\((milliseconds * 10).rounded() / 10), at most \(bound) asked"
            + (milliseconds > bound ? ": not met" : "")
    }
}
