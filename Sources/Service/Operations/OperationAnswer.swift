import Base
package import FoundationEssentials
import Vision
package import Wire

/// What a caller may add to a call beside the API's own input.
package struct CallOptions: Sendable {
    /// Name of the header that gives a threshold for one DetectAnomalies call, and that tells the
    /// one in force.
    package static let thresholdHeader = "x-spotter-threshold"
    /// Name of the header with the raw score of an image.
    package static let scoreHeader = "x-spotter-score"

    let threshold: Double?
    /// The id that the job of the call gets, by which the caller finds it again.
    let job: UUID

    /// - Parameter header: value of a header by name.
    /// - Throws: `validation` naming the header.
    package init(header: (String) -> String?) throws(WireError) {
        job = .random()
        guard let text = header(Self.thresholdHeader) else {
            threshold = nil
            return
        }
        guard let number = Decision.threshold(text) else {
            throw .validation(
                "The header \(Self.thresholdHeader) must be a number above 0, like 12.5, not "
                    + "'\(text.prefix(40))'.")
        }
        threshold = number
    }

    /// No threshold of the call's own.
    ///
    /// - Parameter job: a random id.
    package init(job: UUID = .random()) { (threshold, self.job) = (nil, job) }
}

/// What an operation answers.
package struct OperationAnswer: Sendable {
    /// The JSON of the output's shape.
    package var body: Data
    /// What has no place in it, by the name of the header.
    package var headers: [String: String] = [:]
}
