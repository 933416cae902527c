/// What a model judged on one day.
package struct DetectionDay: Sendable, Equatable {
    package var project: String
    /// Of the model; 0 in the sum of all models of a project.
    package var version: Int
    /// Days since 1970, in UTC.
    package var day: Int
    /// That got a verdict.
    package var images: Int
    /// Those of them that were judged anomalous; at most `images`.
    package var anomalies: Int

    package init(project: String, version: Int, day: Int, images: Int, anomalies: Int) {
        self.project = project
        self.version = version
        self.day = day
        self.images = images
        self.anomalies = anomalies
    }
}
