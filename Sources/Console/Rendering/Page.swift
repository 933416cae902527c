import FoundationEssentials
import Mustache

/// Makes HTML of templates. Whatever is put into one is escaped there.
struct Page: Sendable {
    /// No script, style or picture but the console's own, no frame around it, no form to another
    /// site. `blob:` is for pictures that a person has just chosen.
    private static let policy =
        "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        + "form-action 'self'; frame-ancestors 'none'"
    static let headers: [(name: String, value: String)] = [
        ("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"), ("Cache-Control", "no-store"),
    ]

    let files: ConsoleFiles
    let language: String
    let texts: [String: String]
    private let theme: Theme?

    init(_ files: ConsoleFiles, _ request: ConsoleRequest) {
        self.files = files
        theme = Theme.of(request)
        (language, texts) = files.language(request.header("accept-language"))
    }

    /// The values of templates that hold sentences of the API.
    private static let said: Set = [
        "message", "reason", "noRecipe", "noAgent", "warning", "routine",
    ]

    /// What the templates get of values: sentences of the API in the page's language, and beside a
    /// `status` its word for people as `statusText`. For a template's section an empty text is
    /// there; for people it is not.
    private func shown(_ values: [String: Any]) -> [String: Any] {
        var shown: [String: Any] = [:]
        for (name, value) in values {
            switch value {
            case let text as String where text.isEmpty: continue
            case let text as String: shown[name] = Self.said.contains(name) ? said(text) : text
            case let list as [[String: Any]]: shown[name] = list.map(self.shown)
            case let inner as [String: Any]: shown[name] = self.shown(inner)
            default: shown[name] = value
            }
        }
        if let status = shown["status"] as? String {
            shown["statusText"] = text("status_\(status)")
        }
        return shown
    }

    /// A text of the interface; the key itself where there is none, which a test looks for.
    func text(_ key: String) -> String { texts[key] ?? key }

    /// A sentence of the API in the page's language, as far as it is known there.
    func said(_ message: String) -> String {
        files.phrases[language]?.said(message) ?? message
    }

    /// - Parameters:
    ///   - template: without its ending.
    ///   - visitor: nil for the pages that nobody needs to sign in for.
    func response(
        _ template: String, _ visitor: SessionBook.Visitor?, _ values: [String: Any],
        status: Int = 200
    ) -> ConsoleResponse {
        var values = shown(values)
        values["t"] = texts
        values["language"] = language
        values["user"] = visitor?.name
        values["formToken"] = visitor?.formToken
        values["versions"] = files.versions
        values["theme"] = theme?.rawValue
        for each in Theme.allCases { values["is_\(each.rawValue)"] = each == theme }
        values["is_system"] = theme == nil
        let html = files.templates.render(values, withTemplate: template) ?? ""
        return ConsoleResponse(
            status, "text/html; charset=utf-8", Data(html.utf8), headers: Self.headers)
    }
}
