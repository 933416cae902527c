import Base
import FoundationEssentials
import Mustache

/// The console's templates, texts, scripts and styles, read once.
package struct ConsoleFiles: Sendable {
    /// A file that browsers load.
    struct Asset: Sendable {
        let type: String
        let bytes: Data
        /// Changes with the bytes.
        let tag: String
    }

    let templates: MustacheLibrary
    /// By language, like `en`; each has the same keys.
    let texts: [String: [String: String]]
    /// The API's sentences in another language than English, by the language.
    let phrases: [String: Phrases]
    let assets: [String: Asset]
    /// The tags of the assets as templates name them: `console_css` for `console.css`.
    let versions: [String: String]

    private static let types = [
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
    ]

    /// - Parameter folder: with the folders `templates`, `texts` and `assets`.
    /// - Throws: when a file cannot be read or a template is wrong.
    package init(folder: String) throws {
        var templates: [String: MustacheTemplate] = [:]
        for (name, bytes) in try Self.files("\(folder)/templates", ending: [".mustache"]) {
            templates[String(name.dropLast(".mustache".count))] = try MustacheTemplate(
                string: String(decoding: bytes, as: UTF8.self))
        }
        self.templates = MustacheLibrary(templates: templates)
        let all = try Self.files("\(folder)/texts", ending: [".json"]).reduce(into: [:]) {
            $0[String($1.name.dropLast(".json".count))] = try JSONCoding.decode(
                [String: String].self, from: $1.bytes)
        }
        // The name of a text is a word; that of a sentence is the sentence itself.
        texts = all.mapValues { $0.filter { !$0.key.contains(" ") } }
        phrases = all.mapValues { Phrases($0.filter { $0.key.contains(" ") }, words: $0) }
        assets = try Self.files("\(folder)/assets", ending: Self.types.keys.map { "." + $0 })
            .reduce(into: [:]) { assets, file in
                let ending = file.name.split(separator: ".").last.map(String.init) ?? ""
                assets[file.name] = Asset(
                    type: Self.types[ending] ?? "", bytes: file.bytes,
                    tag: String(Checksum.sha256(file.bytes).prefix(16)))
            }
        versions = assets.reduce(into: [:]) {
            $0[$1.key.replacing(".", with: "_")] = $1.value.tag
        }
    }

    private static func files(_ folder: String, ending: [String]) throws -> [(
        name: String, bytes: Data
    )] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            .filter { name in ending.contains { name.hasSuffix($0) } }
            .map { ($0, try Data(contentsOf: URL(filePath: "\(folder)/\($0)"))) }
    }

    /// The texts of the first language of `accepted` that there is; English where there is none.
    ///
    /// - Parameter accepted: `Accept-Language`.
    func language(_ accepted: String?) -> (name: String, texts: [String: String]) {
        for part in (accepted ?? "").split(separator: ",").prefix(10) {
            let name = part.prefix { $0 != ";" && $0 != "-" }.drop { $0 == " " }.lowercased()
            if let texts = texts[name] { return (name, texts) }
        }
        return ("en", texts["en"] ?? [:])
    }
}
