import FoundationEssentials
import Service
import Vision
import Wire

/// A page that prints well: everything that somebody who signs for a model wants to see.
struct ReportPage {
    private let visit: Visit
    private let project: String
    private let version: String

    init(_ visit: Visit, _ project: String, _ version: String) {
        self.visit = visit
        self.project = project
        self.version = version
    }

    func answer() async throws -> ConsoleResponse {
        let pages = JudgePages(visit, project, version)
        let judged = try await pages.judged()
        var values = try await pages.details(judged)
        for part in [
            heading(judged), figures(judged), counts(judged), wrong(judged),
            Charts.histogram(judged.results, judged.band),
        ] {
            values.merge(part) { $1 }
        }
        return visit.html("report", values)
    }

    private func heading(_ judged: JudgePages.Judged) -> [String: Any] {
        [
            "title": "\(project) \(version)", "project": project, "version": version,
            "projectHome": visit.home(project),
            "home": "\(visit.home(project))/models/\(FormCoding.segment(version))",
            "description": judged.model.description ?? "", "arn": judged.model.modelArn,
            "made": ProjectPages.day(judged.model.creationTimestamp),
            "printed": ProjectPages.day(visit.context.now()),
        ]
    }

    private func figures(_ judged: JudgePages.Judged) -> [String: Any] {
        let (results, confusion) = (judged.results, judged.confusion)
        func text(_ value: Double?, _ places: Int = 3) -> String {
            value.map { Decimals.text($0, places: places) } ?? "–"
        }
        var values: [String: Any] = [
            "precision": text(confusion.precision), "recall": text(confusion.recall),
            "f1": text(confusion.f1), "auroc": text(results.auroc),
            "averagePrecision": text(results.averagePrecision),
            "trained": text(judged.thresholds.trained, 4),
        ]
        if let interval = results.interval {
            values["interval"] = "\(text(interval.low)) – \(text(interval.high))"
            values["intervalMethod"] = visit.page.text("judge_\(interval.method.rawValue)")
        }
        if let unsure = judged.thresholds.unsure { values["unsure"] = text(unsure, 4) }
        return values
    }

    private func counts(_ judged: JudgePages.Judged) -> [String: Any] {
        let results = judged.results
        let normal = judged.band.counts(results.normal)
        let anomalous = judged.band.counts(results.anomalous)
        return [
            "normalImages": results.normal.count, "anomalousImages": results.anomalous.count,
            "normalNormal": normal.normal, "normalUnsure": normal.unsure,
            "normalAnomalous": normal.anomalous, "anomalousNormal": anomalous.normal,
            "anomalousUnsure": anomalous.unsure, "anomalousAnomalous": anomalous.anomalous,
        ]
    }

    private func wrong(_ judged: JudgePages.Judged) -> [String: Any] {
        let wrong = judged.results.mistakes(judged.band, limit: ConsoleLimits.reportImagesMax)
        return [
            "wrongImages": wrong.count, "hasWrong": wrong.count > 0,
            "wrong": wrong.worst.map(tile),
        ]
    }

    private func tile(_ image: TestResults.Image) -> [String: Any] {
        [
            "name": ImagePages.name(of: image.source),
            "verdict": image.isAnomalous ? "anomaly" : "normal",
            "word": visit.page.text(image.isAnomalous ? "judge_escape" : "judge_alarm"),
            "score": Decimals.text(image.score, places: 4),
            "thumbnail": "\(visit.home(project))/image?small=1&source="
                + FormCoding.segment(image.source),
        ]
    }
}
