import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing
import Vision
import Wire

@testable import Console
@testable import Server

/// What the console says about how a model judged its test images.
@Suite struct ConsoleJudgeTests {
    private static let scores = [
        "n1": 40.0, "n2": 60, "n3": 99, "n4": 130, "a1": 95, "a2": 140, "a3": 180,
    ]

    private let server: TestServer
    private let browser: ConsoleBrowser
    private let model: ConsoleModel

    init() async throws {
        server = try TestServer(hasConsole: true)
        browser = ConsoleBrowser(server)
        try await browser.signIn()
        model = try await ConsoleModel(server, browser)
        try await model.train(1, browser, Self.scores)
    }

    private func json(_ path: String, as browser: ConsoleBrowser? = nil) async throws -> Answer {
        try await (browser ?? self.browser).get(path, headers: [("Accept", "application/json")])
    }

    @Test func theFiguresAreThoseOfTheSharedFunctions() async throws {
        let answer = try await json("/projects/p/models/1/results").json
        let (normal, anomalous) = ([40.0, 60, 99, 130], [95.0, 140, 180])
        #expect(
            answer["auroc"].double == Ranking.auroc(normal: normal, anomalous: anomalous))
        let interval = try #require(
            Ranking.aurocInterval(normal: normal, anomalous: anomalous))
        #expect(answer["low"].double == interval.low && answer["high"].double == interval.high)
        #expect(answer["method"].string == "delong")
        #expect(answer["scores"].items.count == 7 && answer["sources"].items.count == 7)
        let confusion = Confusion(normal: normal, anomalous: anomalous, threshold: 100)
        let report = try await browser.get("/projects/p/models/1/report").text
        for figure in [confusion.precision, confusion.recall, confusion.f1] {
            #expect(report.contains("<dd>\(Decimals.text(figure))</dd>"))
        }
        #expect(report.contains(Decimals.text(interval.low)) && report.contains("DeLong"))
        // One escape and one false alarm, with their pictures.
        #expect(report.contains("n4") && report.contains("a1") && !report.contains("pics%2Fa3"))
        let part = try await browser.get("/projects/p/models/1/figures").text
        #expect(part.contains("<polyline class=\"curve\"") && part.contains("class=\"bin\""))
    }

    /// They were computed again at each use. What is kept and counted in ranks must be what the
    /// shared functions find in the scores as they come, to the last digit.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func whatIsKeptOfAnEvaluationEqualsWhatIsComputedOfItsScores(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        // Many equal scores, and classes that overlap.
        let images = (0..<600).map { index in
            let isAnomaly = index % 3 == 0
            let score = Double(Int.random(in: isAnomaly ? 4...40 : 1...30, using: &random)) / 8
            return (name: "s3://b/\(index).png", isAnomaly: isAnomaly, score: score)
        }
        let lines = images.map {
            #"{"source-ref":"\#($0.name)","anomaly-label":\#($0.isAnomaly ? 1 : 0),"#
                + #""anomaly-label-metadata":{"class-name":"#
                + #""\#($0.isAnomaly ? "anomaly" : "normal")","#
                + #""type":"groundtruth/image-classification"},"#
                + #""anomaly-label-detected-metadata":{"spotter-score":\#($0.score)}}"#
        }
        let results = try TestResults(manifest: Data(lines.joined(separator: "\n").utf8))
        let normal = images.filter { !$0.isAnomaly }.map(\.score)
        let anomalous = images.filter(\.isAnomaly).map(\.score)
        #expect(results.auroc == Ranking.auroc(normal: normal, anomalous: anomalous))
        #expect(results.interval == Ranking.aurocInterval(normal: normal, anomalous: anomalous))
        #expect(
            results.averagePrecision
                == Ranking.averagePrecision(normal: normal, anomalous: anomalous))
        for threshold in [0.001, 0.5, 1, 2, 2.03, 3.75, 4.9, 5, 99] {
            #expect(
                results.confusion(at: threshold)
                    == Confusion(normal: normal, anomalous: anomalous, threshold: threshold))
            for unsure in [nil, 0.6, 2, 3.9, 70] as [Double?] {
                let band = Band(threshold: threshold, unsure: unsure)
                let counts = band.counts(results.anomalous)
                #expect(counts.normal == anomalous.count { $0 <= band.low })
                #expect(counts.anomalous == anomalous.count { $0 > band.high })
                #expect(counts.normal + counts.unsure + counts.anomalous == anomalous.count)
                let wrong = images.filter {
                    $0.isAnomaly ? $0.score <= band.low : $0.score > band.high
                }
                let distances = wrong.map {
                    $0.isAnomaly ? band.low / $0.score : $0.score / band.high
                }.sorted(by: >)
                let found = results.mistakes(band, limit: 24)
                #expect(found.count == wrong.count)
                #expect(
                    found.worst.map {
                        $0.isAnomalous ? band.low / $0.score : $0.score / band.high
                    } == Array(distances.prefix(24)))
            }
        }
    }

    /// The charts and the curves of a page are asked for at the same moment.
    @Test func whatSeveralAskForAtOnceIsTheSame() async throws {
        let paths = ["results", "figures", "results", "report", "figures"]
        let answers = try await withThrowingTaskGroup(of: (String, Answer).self) { group in
            for path in paths {
                group.addTask { [browser] in
                    (path, try await browser.get("/projects/p/models/1/\(path)"))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 5)
        for (path, answer) in answers {
            #expect(answer.status == 200)
            #expect(answer.text == answers.first { $0.0 == path }?.1.text)
        }
    }

    @Test(arguments: [0, 0.0625, 0.1875, 0.3125, 0.5, 2.0 / 3, 0.99951, 0.9995, 1, 123.4565])
    func numbersAreRoundedAsTheCommandLineRoundsThem(_ value: Double) {
        #expect(Decimals.text(value) == String(format: "%.3f", value))
        #expect(Decimals.text(-value, places: 2) == String(format: "%.2f", -value) || value == 0)
        #expect(Decimals.text(value, places: 4) == String(format: "%.4f", value))
    }

    @Test func aSecondThresholdIsKeptAndChangesNoVerdict() async throws {
        let path = "/projects/p/models/1/threshold"
        #expect(try await browser.post(path, ["threshold": "100", "unsure": "135"]).status == 303)
        var record = try await server.metadata.read { try $0.model("p", 1) }
        #expect(record?.threshold == 100 && record?.unsureThreshold == 135)
        #expect(
            try await browser.get("/projects/p/models/1").text.contains("data-unsure=\"135.0\""))
        // What lies between is neither an escape nor a false alarm.
        let report = try await browser.get("/projects/p/models/1/report").text
        #expect(report.contains("unsure") && !report.contains("n4<"))
        for wrong in ["-1", "0", "x", "nan"] {
            let answer = try await browser.post(path, ["threshold": "100", "unsure": wrong])
            #expect(answer.status == 400, "\(wrong)")
        }
        #expect(try await browser.post(path, ["threshold": "100", "unsure": ""]).status == 303)
        record = try await server.metadata.read { try $0.model("p", 1) }
        #expect(record?.unsureThreshold == nil)
    }

    @Test func whatTheModelSeesInAPictureNeedsTheRightToThePicture() async throws {
        try await server.bucket(
            "pics", ["a2": try ConsoleModel.picture(140), "text": Data("x".utf8)])
        let path = "/projects/p/models/1/review?source=s3%3A%2F%2Fpics%2Fa2"
        let answer = try await json(path)
        #expect(answer.status == 200 && answer.json["anomalous"] == .boolean(true))
        #expect(answer.json["score"].double == 140 && answer.json["threshold"].double == 100)
        let heat = try #require(Data(base64Encoded: answer.json["heat"].string ?? ""))
        #expect(PNG.isPNG(heat))
        let key = try await server.user(allow("lookoutvision:*"))
        let reader = ConsoleBrowser(server)
        try await reader.signIn(key)
        let refused = try await json(path, as: reader)
        #expect(refused.status == 403 && refused.text.contains("s3:GetObject"))
        #expect(try await json(path.replacing("a2", with: "none")).status == 404)
        #expect(try await json(path.replacing("a2", with: "text")).status == 400)
        // Nobody needs to host the model for it.
        let model = try await server.metadata.read { try $0.model("p", 1) }
        #expect(model?.status == .trained)
    }

    @Test func twoModelsShowWhichPicturesChanged() async throws {
        var scores = Self.scores
        scores["a1"] = 120
        scores["n3"] = 101
        scores["n5"] = 10
        try await model.train(2, browser, scores)
        let page = try await browser.get("/projects/p/compare?left=1&right=2").text
        let parts = page.components(separatedBy: "Now wrong")
        try #require(parts.count == 2)
        #expect(
            parts[0].contains("Now right (1)") && parts[0].contains("data-source=\"s3://pics/a1\""))
        #expect(parts[1].hasPrefix(" (1)") && parts[1].contains("data-source=\"s3://pics/n3\""))
        #expect(page.contains("7 test images were judged by both"))
        #expect(page.contains("Images that only one has judged: 1."))
        #expect(try await browser.get("/projects/p/compare").status == 200)
    }

    @Test func aProjectWithOneModelHasNothingToCompare() async throws {
        let page = try await browser.get("/projects/p/compare").text
        #expect(page.contains("There must be two trained models."))
        #expect(!(try await browser.get("/projects/p/models/1").text.contains("/compare?")))
    }

    // MARK: Trials

    @Test func trialsOfABucketNeedTheRightsToIt() async throws {
        try await server.bucket(
            "pics", ["t/1.png": try ConsoleModel.picture(140), "t/2.txt": Data(), "u.png": Data()])
        let page = "/projects/p/models/1/objects?prefix=s3%3A%2F%2Fpics%2Ft%2F&after="
        let answer = try await json(page)
        #expect(answer.json["sources"] == .array([.string("s3://pics/t/1.png")]))
        #expect(answer.json["next"] == .null)
        #expect(try await json(page.replacing("s3%3A%2F%2Fpics", with: "pics")).status == 400)
        #expect(try await json(page.replacing("2Fpics", with: "2Fnone")).status == 404)
        let key = try await server.user(
            allow("lookoutvision:*"), allow("s3:ListBucket", resource: "arn:aws:s3:::other"))
        let reader = ConsoleBrowser(server)
        try await reader.signIn(key)
        let refused = try await json(page, as: reader)
        #expect(refused.status == 403 && refused.text.contains("s3:ListBucket"))
    }

    @Test func aTrialJudgesWhatIsInABucketOnceTheModelRuns() async throws {
        try await server.bucket("pics", ["1.png": try ConsoleModel.picture(140)])
        let path = "/projects/p/models/1/try?source=s3%3A%2F%2Fpics%2F1.png"
        func trial() async throws -> Answer {
            try await browser.send(
                .post, path,
                headers: [
                    ("Accept", "application/json"), ("X-Form-Token", browser.formToken ?? ""),
                ])
        }
        #expect(try await trial().status == 409)
        let waiting = try await browser.get("/projects/p/models/1/trial").text
        #expect(waiting.contains("The model must run") && !waiting.contains("id=\"try\""))
        let started = try await browser.post(
            "/projects/p/models/1/start", ["units": "1", "then": "trial"])
        #expect(started.header("location") == "/console/projects/p/models/1/trial")
        try await server.work()
        let answer = try await trial()
        #expect(answer.status == 200 && answer.json["anomalous"] == .boolean(true))
        #expect(answer.json["score"].double == 140)
        let page = try await browser.get("/projects/p/models/1/trial").text
        #expect(page.contains("id=\"try\"") && page.contains("data-width=\"64\""))
    }
}
