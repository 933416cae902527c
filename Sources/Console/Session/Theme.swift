/// Whether pages are dark or light: as the system is, unless somebody chose.
enum Theme: String, CaseIterable {
    case dark
    case light

    private static let cookieName = "spotter-theme"

    /// nil leaves it to the system.
    static func of(_ request: ConsoleRequest) -> Theme? {
        request.cookie(cookieName).flatMap(Theme.init(rawValue:))
    }

    /// Keeps the choice of a form in a cookie and leads back to the page that it was made on.
    static func chosen(_ request: ConsoleRequest) -> ConsoleResponse {
        let theme = Theme(rawValue: request.form["theme"] ?? "")
        // Only a path below the console: what a header names may be anywhere.
        let parts = (request.header("referer") ?? "").split(
            separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        let path = parts.count == 4 ? "/" + parts[3] : ""
        let isOwn = path.hasPrefix("/console/") && !path.hasPrefix("/console/sign-in")
        var response = ConsoleResponse.redirect(isOwn ? path : "/console/projects")
        let seconds = theme == nil ? 0 : Int(ConsoleLimits.themeSeconds)
        response.headers.append(
            (
                "Set-Cookie",
                "\(cookieName)=\(theme?.rawValue ?? ""); Path=/console; HttpOnly; SameSite=Strict; "
                    + "Max-Age=\(seconds)"
            ))
        return response
    }
}
