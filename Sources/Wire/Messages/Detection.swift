package import FoundationEssentials

/// The members of DetectAnomalies beside the image itself.
package struct DetectAnomaliesRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// Of a model that is HOSTED: a number from 1 up, or `latest`.
    package var modelVersion: String
    /// What the client says of the image. It must be there, and is not believed: the format is read
    /// from the first bytes.
    package var contentType: String
}

/// Output of DetectAnomalies.
package struct DetectAnomaliesResponse: Codable, Sendable {
    /// The verdict on the one image of the request.
    package var detectAnomalyResult: DetectAnomalyResult

    package init(detectAnomalyResult: DetectAnomalyResult) {
        self.detectAnomalyResult = detectAnomalyResult
    }
}

/// What a model says about an image.
package struct DetectAnomalyResult: Codable, Sendable {
    /// Where the image came from.
    package struct Source: Codable, Sendable {
        /// Always `direct`: in the request's body.
        package var type = "direct"

        package init() {}
    }

    /// The same for every image: it came in the request.
    package var source: Source
    /// Whether the score is above the threshold in force.
    package var isAnomalous: Bool
    /// Confidence in the verdict given, 0...1.
    package var confidence: Double
    /// The background first, then each label that has a pixel; nil for a model without masks.
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

/// A label of a segmentation model, or the background, and its share of an image.
package struct Anomaly: Codable, Sendable, Equatable {
    /// How much of the image a label covers, and its colour in the mask.
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

    /// The class name of the training masks, or `background`.
    package var name: String
    /// There for the background too.
    package var pixelAnomaly: PixelAnomaly

    package init(name: String, pixelAnomaly: PixelAnomaly) {
        self.name = name
        self.pixelAnomaly = pixelAnomaly
    }
}
