package import FoundationEssentials

/// The members of DetectAnomalies beside the image itself.
package struct DetectAnomaliesRequest: Codable, Sendable {
    package var projectName: String
    package var modelVersion: String
    package var contentType: String
}

package struct DetectAnomaliesResponse: Codable, Sendable {
    package var detectAnomalyResult: DetectAnomalyResult

    package init(detectAnomalyResult: DetectAnomalyResult) {
        self.detectAnomalyResult = detectAnomalyResult
    }
}

package struct DetectAnomalyResult: Codable, Sendable {
    package struct Source: Codable, Sendable {
        package var type = "direct"

        package init() {}
    }

    package var source: Source
    package var isAnomalous: Bool
    /// Confidence in the verdict given, 0...1.
    package var confidence: Double
    package var anomalies: [Anomaly]?
    /// PNG of the image's own size.
    package var anomalyMask: Data?

    package init(
        isAnomalous: Bool, confidence: Double, anomalies: [Anomaly]?, anomalyMask: Data?
    ) {
        source = Source()
        self.isAnomalous = isAnomalous
        self.confidence = confidence
        self.anomalies = anomalies
        self.anomalyMask = anomalyMask
    }
}

package struct Anomaly: Codable, Sendable, Equatable {
    package struct PixelAnomaly: Codable, Sendable, Equatable {
        /// Share of the image's pixels, 0...1 in spite of its name.
        package var totalPercentageArea: Double
        /// `#RRGGBB`.
        package var color: String

        package init(totalPercentageArea: Double, color: String) {
            self.totalPercentageArea = totalPercentageArea
            self.color = color
        }
    }

    package var name: String
    package var pixelAnomaly: PixelAnomaly

    package init(name: String, pixelAnomaly: PixelAnomaly) {
        self.name = name
        self.pixelAnomaly = pixelAnomaly
    }
}
