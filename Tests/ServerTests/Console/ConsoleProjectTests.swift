import FoundationEssentials
import HTTPTypes
import Service
import Storage
import TestSupport
import Testing
import Wire

@testable import Console
@testable import Server

/// Projects, trainings and tags in the console.
@Suite struct ConsoleProjectTests {
    private let server: TestServer
    private let browser: ConsoleBrowser
    private let model: ConsoleModel

    init() async throws {
        server = try TestServer(hasConsole: true)
        browser = ConsoleBrowser(server)
        try await browser.signIn()
        model = try await ConsoleModel(server, browser)
    }

    // MARK: Datasets

    /// What is routine was told by the beginnings of its English sentences, and a warning that no
    /// list had was folded away with it.
    @Test func whatADatasetWarnsOfIsShownAndWhatIsRoutineIsFoldedAway() async throws {
        try await browser.enter([#"{"source-ref":"s3://pics/new.png"}"#])
        let page = try await browser.get("/projects/p").text
        #expect(page.contains("<p class=\"warning\">1 image without a label: training leaves out"))
        #expect(page.contains("</summary><p>1 entry was added or replaced.</p></details>"))
        let operations = Operations(context: server.service.context)
        let said = try await operations.saying(of: "p", .train)
        #expect(said.saying.routine == "1 entry was added or replaced." && !said.hasFailed)
        let described = try await server.call(.get, "/projects/p/datasets/train")
        #expect(
            described.json["DatasetDescription"]["StatusMessage"].string
                == "\(said.saying.routine) \(said.saying.warning)")
        // Of a row of before the parts were kept everything is shown.
        try await server.metadata.write { transaction in
            var dataset = try #require(try transaction.dataset("p", .train))
            dataset.say(dataset.statusMessage)
            try transaction.save(dataset)
        }
        let old = try await operations.saying(of: "p", .train).saying
        #expect(old.routine.isEmpty && old.warning.hasPrefix("1 entry was added"))
    }

    // MARK: Detections

    /// The line of a project would begin anew with each start of a server.
    @Test func countsOfDetectionsOutliveTheProcess() async throws {
        try await model.train(1, browser, ["n": 1, "a": 2])
        _ = try await browser.post("/projects/p/models/1/start", ["units": "1"])
        try await server.work()
        #expect(!(try await browser.get("/projects").text.contains("class=\"spark\"")))
        for grey in [10, 20, 140, 200] as [UInt8] {
            let answer = try await server.send(
                TestRequest(
                    .post, "/2020-11-20/projects/p/models/1/detect",
                    headers: [("Content-Type", "image/png")],
                    body: try ConsoleModel.picture(grey)
                ).signed(as: TestServer.root, "lookoutvision", at: server.now))
            #expect(answer.status == 200)
        }
        try await server.service.context.ledger.write(
            to: server.metadata, now: server.now)
        let next = try TestServer(directory: server.service.directory, hasConsole: true)
        let later = ConsoleBrowser(next)
        try await later.signIn()
        let page = try await later.get("/projects").text
        // One day makes no line.
        #expect(page.contains("<rect class=\"end\"") && !page.contains("<polyline class=\"curve\""))
        #expect(page.contains("50.0 % anomalies among 4 images judged in 30 days"))
        for (name, number) in [("projects", 1), ("hosted", 1), ("images", 4), ("anomalies", 2)] {
            #expect(page.contains("data-total=\"\(name)\">\(number)</dd>"))
        }
        #expect(page.contains(": 4 images, 2 anomalies</title>"))
        // The totals are of what somebody may see.
        let key = try await next.user(
            #"{"Effect":"Allow","Action":"lookoutvision:ListProjects","Resource":"*"}"#)
        let stranger = ConsoleBrowser(next)
        try await stranger.signIn(key)
        let little = try await stranger.get("/projects").text
        #expect(
            little.contains("data-total=\"images\">0</dd>") && !little.contains("class=\"spark"))
    }

    // MARK: Datasets

    /// With an empty test dataset the page offered a training that could only fail, and nothing in
    /// the console took the dataset away.
    @Test func aDatasetThatIsInTheWayIsTakenAway() async throws {
        func missing() async throws -> Substring? {
            let page = try await browser.get("/projects/p").text
            return page.firstRange(of: "id=\"missing\">").map { range in
                page[range.upperBound...].prefix { $0 != "<" }
            }
        }
        #expect(try await missing() == nil)
        #expect(try await browser.post("/projects/p/datasets", ["dataset": "test"]).status == 303)
        #expect(
            try await missing() == "1 more normal test images are needed. 1 more test images with "
                + "anomalies are needed.")
        let key = try await server.user(
            #"{"Effect":"Allow","Action":"lookoutvision:Describe*","Resource":"*"}"#)
        let reader = ConsoleBrowser(server)
        try await reader.signIn(key)
        #expect(
            try await reader.post("/projects/p/delete-dataset", ["dataset": "test"]).status == 403)
        #expect(
            try await browser.post("/projects/p/delete-dataset", ["dataset": "test"]).status == 303)
        #expect(try await missing() == nil)
        _ = try await browser.post(
            "/projects/p/datasets", ["dataset": "test", "manifest": "s3://nowhere/m.manifest"])
        try await server.work()
        #expect(try await missing()?.hasPrefix("A dataset could not be made.") == true)
        #expect(
            try await browser.post("/projects/p/delete-dataset", ["dataset": "no"]).status == 400)
    }

    // MARK: Models

    /// Those beyond the first page of the API's list were not there.
    @Test func allModelsOfAProjectAreListed() async throws {
        try await model.train(1, browser, ["n": 1, "a": 2])
        let first = try #require(try await server.metadata.read { try $0.model("p", 1) })
        try await server.metadata.write { transaction in
            for version in 2...130 {
                var other = first
                other.version = version
                try transaction.save(other)
            }
        }
        let page = try await browser.get("/projects/p").text
        #expect(page.split(separator: "<td><a href=\"/console/projects/p/models/").count == 131)
        let compared = try await browser.get("/projects/p/compare?left=1&right=130").text
        #expect(compared.contains("<option selected>1</option>"))
        #expect(try await browser.get("/projects/p/delete").text.contains("Models: 130<"))
    }

    // MARK: Deletion

    @Test func aProjectGoesWithAllThatWasSpelledOut() async throws {
        try await model.train(1, browser, ["n": 1, "a": 2])
        let page = try await browser.get("/projects/p/delete").text
        #expect(page.contains("40 entries") && page.contains("Models: 1"))
        for wrong in ["", "q"] {
            let answer = try await browser.post("/projects/p/delete", ["confirm": wrong])
            #expect(answer.status == 400)
        }
        #expect(try await server.call(.get, "/projects/p/datasets/train").status == 200)
        let first = try await browser.post("/projects/p/delete", ["confirm": "p"])
        #expect(first.status == 200 && first.text.contains("data-going"))
        try await server.work()
        let last = try await browser.post("/projects/p/delete", ["confirm": "p"])
        #expect(last.header("location") == "/console/projects")
        #expect(try await server.call(.get, "/projects/p").status == 404)
    }

    @Test func aRunningModelIsNotDeletedByOnePress() async throws {
        try await model.train(1, browser, ["n": 1, "a": 2])
        _ = try await browser.post("/projects/p/models/1/start", ["units": "1"])
        try await server.work()
        #expect(try await browser.get("/projects/p/delete").text.contains("must be stopped first"))
        let answer = try await browser.post("/projects/p/delete", ["confirm": "p"])
        #expect(answer.status == 409)
        #expect(try await server.call(.get, "/projects/p/datasets/train").status == 200)
    }

    // MARK: Training

    @Test func aTrainingShowsHowFarItIsAndIsCancelled() async throws {
        #expect(try await browser.post("/projects/p/train").status == 303)
        let now = server.now
        try await server.metadata.write { transaction in
            var model = try #require(try transaction.model("p", 1))
            var progress = TrainingStages.noted("Reading image 1 of 10", in: nil, at: now)
            progress = TrainingStages.noted(
                "Reading image 6 of 10", in: progress, at: now.addingTimeInterval(30))
            model.progress = progress
            try transaction.save(model)
        }
        server.service.clock.advance(by: 60)
        let page = try await browser.get("/projects/p/models/1").text
        #expect(page.contains("Step 2 of 7 · 15 % · about 6 min left"))
        #expect(page.contains("Reading image 6 of 10"))
        let state = try await browser.get(
            "/projects/p/state", headers: [("Accept", "application/json")])
        let share = try #require(state.json["trainings"]["1"]["share"].double)
        #expect(abs(share - 0.15) < 1e-9)
        let reader = ConsoleBrowser(server)
        try await reader.signIn(
            try await server.user(allow("lookoutvision:List*", "lookoutvision:Describe*")))
        let refusal = try await reader.get("/projects/p/models/1")
        #expect(refusal.text.contains("lookoutvision:DeleteModel"), "\(refusal.text)")
        #expect(try await reader.post("/projects/p/models/1/cancel").status == 403)
        #expect(try await browser.post("/projects/p/models/1/cancel").status == 303)
        // Its job is over: a worker does not train for nobody.
        try await server.work()
        let model = try #require(try await server.metadata.read { try $0.model("p", 1) })
        #expect(model.status == .trainingFailed)
        #expect(model.statusMessage == "The training was cancelled by root.")
        #expect(try await browser.post("/projects/p/models/1/cancel").status == 409)
        let names = try server.auditLines().compactMap { $0["eventName"].string }
        #expect(names.count { $0 == "CancelTraining" } == 3)
    }

    @Test func theStepsOfATrainingOnlyGoForward() {
        let said = [
            "Checking image 1 of 200", "Checking image 101 of 200", "Reading image 1 of 3",
            "Reading image 2 of 3", "Cross-validating, step 1 of 2: 256×192 pixels, stride 8",
            "Cross-validating, step 2 of 2: masks", "Fitting the final model",
            "Learning the labels' masks", "Evaluating on test image 1 of 9",
            "Evaluating on test image 9 of 9", "Writing the results",
        ]
        var progress: TrainingProgress?
        var last = -1.0
        for (index, message) in said.enumerated() {
            let next = TrainingStages.noted(
                message, in: progress, at: server.now.addingTimeInterval(Double(index)))
            #expect(next.share >= last && next.share < 1, "\(message)")
            (progress, last) = (next, next.share)
        }
        #expect(progress?.step == 7 && progress?.began == server.now)
        // What is counted has one line, and each part of the cross-validation its own.
        #expect(progress?.log.count == 8)
        #expect(progress?.log.first?.text == "Checking image 101 of 200")
    }

    // MARK: Tags

    @Test func tagsOfAModelAreSetAndTakenAway() async throws {
        try await model.train(1, browser, ["n": 1, "a": 2])
        let page = "/projects/p/models/1"
        #expect(
            try await browser.post(page + "/tags", ["key": "line", "value": "hall 7"]).status == 303
        )
        #expect(try await browser.get(page).text.contains("line = hall 7"))
        #expect(try await browser.post(page + "/tags", ["remove": "line"]).status == 303)
        #expect(!(try await browser.get(page).text.contains("line = ")))
        let wrong = try await browser.post(page + "/tags", ["key": "", "value": "x"])
        #expect(wrong.status == 400)
    }
}
