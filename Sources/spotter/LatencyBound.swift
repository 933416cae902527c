import ArgumentParser
import Vision

/// What `--latency-ms` takes: milliseconds, or 'none'.
enum LatencyBound: ExpressibleByArgument {
    case none
    case milliseconds(Double)

    init?(argument: String) {
        if argument == "none" {
            self = .none
        } else if let number = Double(argument), Trainer.latencyMilliseconds.contains(number) {
            self = .milliseconds(number)
        } else {
            return nil
        }
    }

    var milliseconds: Double? {
        switch self {
        case .none: nil
        case .milliseconds(let number): number
        }
    }

    /// The measured time of a model beside the bound that training was given, as a person reads it.
    static func text(_ milliseconds: Double, atMost bound: Double) -> String {
        "\((milliseconds * 10).rounded() / 10), at most \(bound) asked"
            + (milliseconds > bound ? ": not met" : "")
    }
}
