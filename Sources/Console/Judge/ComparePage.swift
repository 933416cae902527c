import FoundationEssentials
import Service
import Vision
import Wire

/// Two models of a project side by side on the test images that both judged.
struct ComparePage {
    private let visit: Visit
    private let project: String

    init(_ visit: Visit, _ project: String) {
        self.visit = visit
        self.project = project
    }

    private struct Change {
        let source: String
        let isAnomalous: Bool
        let left: Double
        let right: Double
    }

    func answer() async throws -> ConsoleResponse {
        let models = try await visit.models(of: project)
        let versions = models.filter { $0.performance != nil }.map(\.modelVersion)
        let right = visit.request.parameter("right") ?? versions.first ?? ""
        let left =
            visit.request.parameter("left") ?? versions.first { $0 != right } ?? right
        var values: [String: Any] = [
            "title": visit.page.text("compare_title"), "project": project,
            "home": visit.home(project),
            "lefts": options(versions, left), "rights": options(versions, right),
            "left": left, "right": right, "hasTwo": versions.count > 1,
        ]
        if versions.count > 1 {
            try await values.merge(comparison(left, right)) { $1 }
        }
        return visit.html("compare", values)
    }

    private func options(_ versions: [String], _ chosen: String) -> [[String: Any]] {
        versions.map { ["version": $0, "isChosen": $0 == chosen] }
    }

    private func comparison(_ left: String, _ right: String) async throws -> [String: Any] {
        let one = try await JudgePages(visit, project, left).judged()
        let other = try await JudgePages(visit, project, right).judged()
        let known = one.results.scores
        let common = other.results.images.compactMap { image -> Change? in
            known[image.source].map {
                Change(
                    source: image.source, isAnomalous: image.isAnomalous, left: $0,
                    right: image.score)
            }
        }
        func isRight(_ score: Double, _ judged: JudgePages.Judged, _ change: Change) -> Bool {
            (score > judged.threshold) == change.isAnomalous
        }
        let changed = common.filter {
            isRight($0.left, one, $0) != isRight($0.right, other, $0)
        }
        let better = changed.filter { isRight($0.right, other, $0) }
        let worse = changed.filter { isRight($0.left, one, $0) }
        let only = (one.results.images.count, other.results.images.count)
        return [
            "isCompared": true, "common": common.count, "betterCount": better.count,
            "worseCount": worse.count,
            "rest": max(only.0, only.1) - common.count,
            "hasRest": only.0 != common.count || only.1 != common.count,
            "better": tiles(better, one.threshold, other.threshold, left, right),
            "worse": tiles(worse, one.threshold, other.threshold, left, right),
            "hasBetter": !better.isEmpty, "hasWorse": !worse.isEmpty,
            "rows": rows(one, other, common),
            "leftHome": "\(visit.home(project))/models/\(FormCoding.segment(left))",
            "rightHome": "\(visit.home(project))/models/\(FormCoding.segment(right))",
        ]
    }

    /// Figures of both on the images that both judged, so that they can be compared.
    private func rows(_ one: JudgePages.Judged, _ other: JudgePages.Judged, _ common: [Change])
        -> [[String: Any]]
    {
        func figures(_ threshold: Double, _ score: (Change) -> Double) -> [(String, Double?)] {
            let normal = common.filter { !$0.isAnomalous }.map(score)
            let anomalous = common.filter(\.isAnomalous).map(score)
            let confusion = Confusion(normal: normal, anomalous: anomalous, threshold: threshold)
            return [
                ("AUROC", Ranking.auroc(normal: normal, anomalous: anomalous)),
                ("F1", confusion.f1), (visit.page.text("precision"), confusion.precision),
                (visit.page.text("recall"), confusion.recall),
                (visit.page.text("judge_escapes"), Double(confusion.falseNegatives)),
                (visit.page.text("judge_alarms"), Double(confusion.falsePositives)),
                (visit.page.text("judge_threshold"), threshold),
            ]
        }
        let (left, right) = (
            figures(one.threshold) { $0.left }, figures(other.threshold) { $0.right }
        )
        return zip(left, right).enumerated().map { index, pair in
            let isCount = [4, 5].contains(index)
            func text(_ value: Double?) -> String {
                guard let value else { return "–" }
                return isCount
                    ? String(Int(value)) : Decimals.text(value, places: index == 6 ? 4 : 3)
            }
            return ["name": pair.0.0, "left": text(pair.0.1), "right": text(pair.1.1)]
        }
    }

    private func tiles(
        _ changes: [Change], _ left: Double, _ right: Double, _ one: String, _ other: String
    ) -> [[String: Any]] {
        changes.prefix(ConsoleLimits.changedImagesMax).map { change in
            [
                "source": change.source, "verdict": change.isAnomalous ? "anomaly" : "normal",
                "truth": visit.page.text(
                    change.isAnomalous ? "verdict_anomaly" : "verdict_normal"),
                "name": ImagePages.name(of: change.source),
                "left": Decimals.text(change.left / max(left, 1e-9), places: 2),
                "right": Decimals.text(change.right / max(right, 1e-9), places: 2),
                "thumbnail": "\(visit.home(project))/image?small=1&source="
                    + FormCoding.segment(change.source),
            ]
        }
    }
}
