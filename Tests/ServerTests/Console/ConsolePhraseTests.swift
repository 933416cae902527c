import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing
import Wire

@testable import Console
@testable import Server

/// The API's sentences in the language of the page.
@Suite struct ConsolePhraseTests {
    private static let german = [("Accept-Language", "de")]

    private func phrases() throws -> Phrases {
        let files = try ConsoleFiles(folder: "\(Checkout.root)/share/spotter/console")
        return try #require(files.phrases["de"])
    }

    @Test(arguments: [
        ("The model was trained.", "Das Modell wurde trainiert."),
        (
            "3 entries were added or replaced. 1 was removed. Labels are from anomaly-label.",
            "3 Einträge wurden hinzugefügt oder ersetzt. 1 wurde entfernt. Die Labels stammen aus "
                + "anomaly-label."
        ),
        (
            "The dataset was created from s3://a.b/train.manifest. 2 images without a label: "
                + "training leaves out what is not labelled.",
            "Der Datensatz wurde aus s3://a.b/train.manifest angelegt. 2 Bilder ohne Label: Das "
                + "Training lässt aus, was kein Label hat."
        ),
        (
            "2 faults in Changes:\nLine 1 of Changes: The line is not a JSON object.\n"
                + "Line 7 of Changes: The line is longer than 9 bytes.",
            "2 Fehler in Changes:\nZeile 1 von Changes: Die Zeile ist kein JSON-Objekt.\n"
                + "Zeile 7 von Changes: Die Zeile ist länger als 9 Bytes."
        ),
        (
            "The model is STARTING_HOSTING; only a TRAINED model can be started.",
            "Nur ein trainiertes Modell kann gestartet werden; der Zustand dieses Modells: startet."
        ),
        (
            "The image a b.png is neither PNG nor JPEG.",
            "Das Bild a b.png ist weder PNG noch JPEG."
        ),
        (
            "1 validation error detected: Value 'x y' at 'ProjectName' failed to satisfy "
                + "constraint: Member must have length less than or equal to 255",
            "1 Angabe stimmt nicht: Der Wert „x y“ in „ProjectName“ ist nicht möglich: Es muss "
                + "höchstens die Länge 255 haben"
        ),
        ("Reading image 7 of 51", "Bild 7 von 51 wird gelesen"),
        (
            "Cross-validating, step 2 of 9: 240×320 pixels, stride 8",
            "Kreuzvalidierung, Schritt 2 von 9: 240×320 Bildpunkte, Schrittweite 8"
        ),
        (
            "The model could not be deleted: The store is out of reach.",
            "Das Modell konnte nicht gelöscht werden: Der Speicher ist nicht zu erreichen."
        ),
        ("train plates/3", "plates/3 trainieren"),
        // What nobody has written down stays as it is, and the rest is said.
        ("Nobody knows this. The model is running.", "Nobody knows this. Das Modell läuft."),
        ("{1} of {2}", "{1} of {2}"), ("", ""), (" . ", " . "),
    ])
    func sentencesAreSaidInTheLanguageOfThePage(_ english: String, _ german: String) throws {
        #expect(try phrases().said(english) == german)
    }

    /// `test` and `TRAINED` are words of the program's where it says them, and names where people
    /// gave them.
    @Test(arguments: [
        ("The project test already exists.", "Das Projekt test gibt es schon."),
        ("There is no user TRAINED.", "Einen Benutzer TRAINED gibt es nicht."),
        (
            "The project test already has a test dataset.",
            "Das Projekt test hat schon einen Datensatz „Test“."
        ),
    ])
    func namesStayAsTheyAre(_ english: String, _ german: String) throws {
        #expect(try phrases().said(english) == german)
    }

    /// Messages quote what somebody sent: many sentences on a line must not be compared with all
    /// that follows them, however long it is.
    @Test func longMessagesStayAsTheyAre() throws {
        let line = String(repeating: "The project a. ", count: 200)
        let text = "The model is running.\n\(line)\nThe model is running."
        #expect(
            try phrases().said(text) == "Das Modell läuft.\n\(line)\nDas Modell läuft.")
        let long = String(repeating: "The model is running.\n", count: 2_000)
        #expect(try phrases().said(long) == long)
    }

    @Test func statusesMessagesAndRefusalsAreGermanOnAGermanPage() async throws {
        let server = try TestServer(hasConsole: true)
        let browser = ConsoleBrowser(server)
        try await browser.signIn()
        _ = try await browser.post("/projects", ["name": "p"])
        let page = try await browser.get("/projects/p", headers: Self.german).text
        #expect(
            page.contains(">bereit</span>") && page.contains("Der Datensatz wurde leer angelegt."))
        let again = try await browser.post("/projects", ["name": "p"], headers: Self.german)
        #expect(again.status == 409)
        #expect(again.text.contains("<p>Das Projekt p gibt es schon.</p>"))
        let key = try await server.user(
            #"{"Effect":"Allow","Action":"lookoutvision:List*","Resource":"*"}"#)
        let reader = ConsoleBrowser(server)
        try await reader.signIn(key)
        let seen = try await reader.get("/projects", headers: Self.german).text
        #expect(seen.contains("lookoutvision:CreateProject nicht auf"))
        #expect(!seen.contains("is not authorized"))
        // The API's own stay as they are: programs match on them.
        let answer = try await server.call(.post, "/projects", #"{"ProjectName":"p"}"#)
        #expect(answer.text.contains("The project p already exists."))
    }
}
