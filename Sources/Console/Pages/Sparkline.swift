import Service
import Storage

/// The share of anomalies among the images that a project's models judged, day by day.
struct Sparkline {
    private let days: [DetectionDay]
    private let last: Int

    /// - Parameters:
    ///   - days: those with images, the oldest first.
    ///   - last: today.
    init(_ days: [DetectionDay], last: Int) {
        self.days = days
        self.last = last
    }

    /// The values of the template: points in a box of 104 × 20 units, or a bar where there is a
    /// single day, which makes no line. Empty without any image.
    func values(_ page: Page) -> [String: Any] {
        let images = days.reduce(0) { $0 + $1.images }
        guard images > 0 else { return [:] }
        let anomalies = days.reduce(0) { $0 + $1.anomalies }
        let span = Double(ConsoleLimits.sparklineDays - 1)
        let points = days.map { day -> String in
            let x = 100 * (1 - Double(last - day.day) / span)
            let ratio = Double(day.anomalies) / Double(max(1, day.images))
            return "\(Decimals.text(x, places: 1)),\(Decimals.text(19 - 18 * ratio, places: 1))"
        }
        var bar: [String: Any] = [:]
        if days.count == 1, let day = days.first {
            // A day without anomalies is seen too.
            let height = max(1, 18 * Double(day.anomalies) / Double(max(1, day.images)))
            bar["x"] = Decimals.text(100 * (1 - Double(last - day.day) / span), places: 1)
            bar["y"] = Decimals.text(19 - height, places: 1)
            bar["height"] = Decimals.text(height, places: 1)
        }
        let share = Decimals.text(100 * Double(anomalies) / Double(images), places: 1)
        return [
            "bar": bar, "points": days.count > 1 ? points.joined(separator: " ") : "",
            // The line ends in a dot, where today is.
            "endX": points.last?.split(separator: ",").first.map(String.init) ?? "",
            "endY": points.last?.split(separator: ",").last.map(String.init) ?? "",
            "caption": page.text("spark_caption").replacing("{share}", with: share)
                .replacing("{n}", with: "\(images)")
                .replacing("{days}", with: "\(ConsoleLimits.sparklineDays)"),
        ]
    }
}
