package import Access
package import FoundationEssentials
import Logging
package import Service
import Storage
import Vision
package import Wire

/// The console: pages for people, on which every action is an operation of the API in the name of
/// whoever is signed in. It knows no HTTP server; `ConsoleRequest` and `ConsoleResponse` are all
/// that passes.
package struct Console: Sendable {
    /// Something that was done by way of the console, for the audit log and the metrics.
    package struct Action: Sendable {
        package enum Kind: Sendable, Equatable {
            /// An operation of the API.
            case operation(isReadOnly: Bool)
            /// What the API cannot do.
            case own
            /// Signing in or out.
            case signIn
        }

        /// The operation's name, or the console's own.
        package let name: String
        package let kind: Kind
        /// Of somebody who could not sign in it has the key that was named, and nothing else.
        package let principal: Principal
        package let input: JSONValue
        /// Of an operation that succeeded.
        package let answer: Data?
        /// Of one that did not.
        package let error: WireError?
    }

    let context: ServiceContext
    let files: ConsoleFiles
    let sessions: SessionBook
    let thumbnails: Thumbnails
    let shelf = ResultsShelf()
    let attempts = AttemptBound()
    let gallery = GalleryMemory()
    let installation: ConsoleInstallation?

    /// - Parameters:
    ///   - root: the root key.
    ///   - installation: the server around the console; without it there is less to see.
    package init(
        context: ServiceContext, files: ConsoleFiles, root: Credentials,
        installation: ConsoleInstallation? = nil
    ) {
        self.context = context
        self.installation = installation
        self.files = files
        sessions = SessionBook(
            metadata: context.metadata, root: root, arns: context.arns, now: context.now)
        thumbnails = Thumbnails(pool: context.pools.images)
    }

    /// The most bytes that a request's body may have: an image, or a form.
    package func bodyBytesMax(path: [String]) -> Int {
        ["upload", "try", "mask"].contains(path.last)
            ? context.limits.imageBytesMax : ConsoleLimits.formBytesMax
    }

    /// Answers a request; errors become pages, or lines of JSON for scripts.
    ///
    /// - Parameter done: gets what was done in somebody's name.
    package func answer(
        _ request: ConsoleRequest, done: @escaping @Sendable (Action) async -> Void
    ) async -> ConsoleResponse {
        let page = Page(files, request)
        var visitor: SessionBook.Visitor?
        do {
            if let answer = try await open(request, page, done) { return answer }
            visitor = try await sessions.visitor(request)
            guard let visitor else { return .redirect("/console/sign-in") }
            if request.method == "POST" { try Self.checkForm(request, visitor) }
            let visit = Visit(
                request: request, page: page, visitor: visitor, context: context,
                thumbnails: thumbnails, shelf: shelf, gallery: gallery, installation: installation,
                done: done)
            return try await route(visit)
        } catch {
            return failure(error, request, page, visitor)
        }
    }

    // MARK: What needs no session

    private func open(
        _ request: ConsoleRequest, _ page: Page,
        _ done: @escaping @Sendable (Action) async -> Void
    ) async throws -> ConsoleResponse? {
        switch (request.method, request.path.first ?? "") {
        case (_, "assets"): asset(request)
        case ("GET", "sign-in"): page.response("sign-in", nil, [:])
        case ("POST", "sign-in"): try await SignIn(self, request, page, done).byKey()
        case ("GET", "link"): try await SignIn(self, request, page, done).byLink()
        default: nil
        }
    }

    private func asset(_ request: ConsoleRequest) -> ConsoleResponse {
        guard request.path.count == 2, let asset = files.assets[request.path[1]] else {
            return ConsoleResponse(404, "text/plain", Data())
        }
        // Scripts import others without a version: what an upgrade changed must not be kept.
        let isVersion = request.query.contains { $0.name == asset.tag }
        return ConsoleResponse(
            200, asset.type, asset.bytes,
            headers: [
                (
                    "Cache-Control",
                    isVersion ? "public, max-age=31536000, immutable" : "no-cache"
                ), ("X-Content-Type-Options", "nosniff"),
            ])
    }

    // MARK: Pages

    private func route(_ visit: Visit) async throws -> ConsoleResponse {
        let path = visit.request.path
        switch (visit.request.method, path.count, path.first ?? "") {
        case ("GET", 0, _): return .redirect("/console/projects")
        case ("POST", 1, "sign-out"):
            try await SignIn(self, visit.request, visit.page, visit.done).out(visit.visitor)
            return .redirect("/console/sign-in")
        case ("POST", 1, "theme"): return Theme.chosen(visit.request)
        case ("GET", 1, "alive"): return try visit.json(.object([:]))
        case ("GET", 1, "operate"): return try await OperatePage(visit).answer()
        case ("GET", 2, "operate") where path[1] == "audit":
            return try await AuditPage(visit).answer()
        case (_, 2..., "operate") where path[1] == "users":
            return try await UserPages(visit).answer(Array(path.dropFirst(2)))
        case ("GET", 3, "agent") where path[2] == "recipe":
            return try await AgentPages(visit, path[1]).recipe()
        case ("GET", 3, "agent") where path[2] == "archive":
            return try await AgentPages(visit, path[1]).archive()
        case (_, 1, "projects"): return try await ProjectPages(visit).projects()
        case (_, 2..., "projects"):
            return try await project(path[1], Array(path.dropFirst(2)), visit)
        default: throw Self.nothingHere
        }
    }

    private func project(_ name: String, _ rest: [String], _ visit: Visit) async throws
        -> ConsoleResponse
    {
        let isPost = visit.request.method == "POST"
        switch (rest.first ?? "", rest.count, isPost) {
        case ("", 0, false): return try await ProjectPages(visit).project(name)
        case ("delete", 1, false): return try await DeletionPage(visit, name).page()
        case ("delete", 1, true): return try await DeletionPage(visit, name).delete()
        case ("state", 1, false): return try await ProjectPages(visit).state(name)
        case ("train", 1, true): return try await ProjectPages(visit).train(name)
        case ("datasets", 1, true): return try await ImagePages(visit, name).makeDataset()
        case ("delete-dataset", 1, true):
            return try await ImagePages(visit, name).deleteDataset()
        case ("images", 1, false): return try await GalleryPages(visit, name).page()
        case ("image", 1, false): return try await ImagePages(visit, name).image()
        case ("upload", 1, true): return try await ImagePages(visit, name).upload()
        case ("kinds", 1, false): return try await visit.kinds(of: name)
        case ("labels", 1, true): return try await ImagePages(visit, name).label()
        case ("labels-held", 1, true): return try await ImagePages(visit, name).labels()
        case ("packages", 2, false):
            return try await PackagePage(visit, name, rest[1]).answer()
        case ("packages", 3, false) where rest[2] == "archive":
            return try await PackagePage(visit, name, rest[1]).archive()
        case ("packages", 3, false) where rest[2] == "recipe":
            return try await PackagePage(visit, name, rest[1]).recipe()
        case ("packages", 3, true) where rest[2] == "publish-agent":
            return try await PackagePage(visit, name, rest[1]).publishAgent()
        case ("compare", 1, false): return try await ComparePage(visit, name).answer()
        case ("dataset-state", 1, false): return try await ImagePages(visit, name).state()
        case ("new-dataset", 1, true): return try await ImportPages(visit, name).makeDataset()
        case ("bucket-list", 1, false): return try await ImportPages(visit, name).list()
        case ("manifest", 1, false): return try await ImportPages(visit, name).manifest()
        case ("lines", 1, true): return try await ImportPages(visit, name).enter()
        case ("remove", 1, true): return try await ImportPages(visit, name).remove()
        case ("rename-label", 1, true): return try await ImportPages(visit, name).renameLabel()
        case ("mask", 1, false): return try await MaskPages(visit, name).editor()
        case ("mask", 1, true): return try await MaskPages(visit, name).save()
        case ("mask-picture", 1, false): return try await MaskPages(visit, name).picture()
        case ("heat", 1, false): return try await MaskPages(visit, name).heat()
        case ("features", 1, false): return try await MaskPages(visit, name).features()
        case ("models", 2..., _):
            return try await ModelPages(visit, name, rest[1]).answer(
                rest.dropFirst(2).first ?? "", isPost: isPost)
        default: throw Self.nothingHere
        }
    }

    // MARK: Refusals

    static let nothingHere = WireError(.unknownOperation, "The console has no such page.")

    /// A form must come from the console's own pages.
    private static func checkForm(
        _ request: ConsoleRequest, _ visitor: SessionBook.Visitor
    ) throws {
        try checkOrigin(request)
        let token = request.header("x-form-token") ?? request.form["formToken"] ?? ""
        guard SessionBook.isSame(token, visitor.formToken) else {
            throw AccessError(
                .accessDenied,
                "The form is not of this session. Load the page again, and send it again.")
        }
    }

    static func checkOrigin(_ request: ConsoleRequest) throws {
        let site = request.header("sec-fetch-site") ?? "same-origin"
        let origin = request.header("origin")
        let isOwn =
            origin == nil
            || origin?.split(separator: "/").last.map(String.init)
                == request.header("host")
        guard ["same-origin", "none"].contains(site), isOwn else {
            throw AccessError(.accessDenied, "The form was sent by another site.")
        }
    }

    private func failure(
        _ error: any Error, _ request: ConsoleRequest, _ page: Page,
        _ visitor: SessionBook.Visitor?
    ) -> ConsoleResponse {
        let (status, detail) = Self.explain(error)
        // What went wrong in the language of the page, then the API's own sentence.
        let known = [403, 404, 409, 429, 503].contains(status) ? status : status < 500 ? 400 : 500
        let kind = page.text("error_\(known)")
        if status == 500 {
            context.logger.error("A page of the console failed", metadata: ["error": "\(error)"])
        }
        let said = page.said(detail)
        if request.header("accept")?.contains("application/json") ?? false {
            let body = (try? WireCoding.encode(["message": "\(kind) \(said)"])) ?? Data()
            return ConsoleResponse(status, "application/json", body, headers: Page.headers)
        }
        return page.response(
            "error", visitor,
            [
                "kind": kind, "message": detail, "isEnglish": said == detail,
                "title": page.text("error_title"), "back": Self.before(request) ?? "",
            ], status: status)
    }

    /// The console's own page on which somebody pressed what failed.
    private static func before(_ request: ConsoleRequest) -> String? {
        guard let referer = request.header("referer"), let host = request.header("host"),
            let start = referer.firstRange(of: "://\(host)/console/")
        else { return nil }
        let path = "/console/" + referer[start.upperBound...]
        return path.hasPrefix("/console/sign-in") || path.hasPrefix("/console/link") ? nil : path
    }

    private static func explain(_ error: any Error) -> (status: Int, message: String) {
        switch error {
        case let error as WireError: return (error.code.httpStatus, error.message)
        case let error as AccessError: return (403, error.message)
        case let error as StorageError:
            let status =
                switch error.code {
                case .noSuchObject, .noSuchBucket: 404
                case .full, .unavailable: 503
                case .damaged: 500
                default: 400
                }
            return (status, error.clientMessage)
        case let error as VisionError where [.invalidImage, .invalidMask].contains(error.code):
            return (400, error.message)
        default: return (500, "The server's log has the reason.")
        }
    }
}
