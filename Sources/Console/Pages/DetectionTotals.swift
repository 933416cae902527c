import FoundationEssentials
import Service
import Storage

/// What all projects together have and did in the last days: numbers and bars.
struct DetectionTotals {
    private let overview: Operations.ProjectsOverview
    private let last: Int

    /// - Parameter last: today, as `DetectionDay` counts.
    init(_ overview: Operations.ProjectsOverview, last: Int) {
        self.overview = overview
        self.last = last
    }

    /// The values of the template: a bar a day in a box of 300 × 60 units, the part of anomalies
    /// below.
    func values(_ page: Page) -> [String: Any] {
        let days = overview.days.values.flatMap { $0 }
        let (images, anomalies) = (
            days.reduce(0) { $0 + $1.images }, days.reduce(0) { $0 + $1.anomalies }
        )
        var values: [String: Any] = [
            "projects": overview.projects, "hosted": overview.hosted, "images": images,
            "anomalies": anomalies, "days": ConsoleLimits.sparklineDays,
        ]
        guard images > 0 else { return values }
        let share = Decimals.text(100 * Double(anomalies) / Double(images), places: 1)
        values["share"] = share
        values["bars"] = bars(days, page)
        values["first"] = Self.date(last - ConsoleLimits.sparklineDays + 1)
        values["last"] = Self.date(last)
        return values
    }

    private func bars(_ days: [DetectionDay], _ page: Page) -> [[String: Any]] {
        let span = ConsoleLimits.sparklineDays
        let byDay = Dictionary(grouping: days, by: \.day)
        let sums = (0..<span).map { place in
            let day = byDay[last - span + 1 + place] ?? []
            return (day.reduce(0) { $0 + $1.images }, day.reduce(0) { $0 + $1.anomalies })
        }
        let most = Double(max(1, sums.map(\.0).max() ?? 1))
        return sums.enumerated().filter { $0.element.0 > 0 }.map { place, sum in
            let (all, bad) = (60 * Double(sum.0) / most, 60 * Double(sum.1) / most)
            return [
                "x": Decimals.text(300 * Double(place) / Double(span), places: 1),
                "y": Decimals.text(60 - all, places: 2), "height": Decimals.text(all, places: 2),
                "badY": Decimals.text(60 - bad, places: 2),
                "badHeight": Decimals.text(bad, places: 2),
                "title": page.text("totals_day")
                    .replacing("{day}", with: Self.date(last - span + 1 + place))
                    .replacing("{n}", with: "\(sum.0)").replacing("{bad}", with: "\(sum.1)"),
            ]
        }
    }

    private static func date(_ day: Int) -> String {
        ProjectPages.day(Date(timeIntervalSince1970: 86_400 * Double(day)))
    }
}
