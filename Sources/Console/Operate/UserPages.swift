import Access
import FoundationEssentials
import Service
import Storage
import Wire

/// Users, their keys and policies.
struct UserPages {
    private let visit: Visit
    private let book: UserBook

    /// - Throws: `accessDenied` for a visitor who may not manage users.
    init(_ visit: Visit) throws {
        try visit.operations.authorize(.manageUsers)
        self.visit = visit
        book = UserBook(visit.context.metadata, now: visit.context.now)
    }

    /// - Parameter path: below `/console/operate/users`.
    func answer(_ path: [String]) async throws -> ConsoleResponse {
        let isPost = visit.request.method == "POST"
        switch (path.count, path.last ?? "", isPost) {
        case (0, _, false): return try await list()
        case (0, _, true): return try await create()
        case (1, _, false): return try await user(path[0])
        case (2, let action, true): return try await change(path[0], action)
        default: throw Console.nothingHere
        }
    }

    private func list(_ values: [String: Any] = [:]) async throws -> ConsoleResponse {
        let users = try await book.all()
        return visit.html(
            "users",
            [
                "title": visit.page.text("users_title"),
                "users": users.map { row($0) }, "hasUsers": !users.isEmpty,
                "sample": Self.sample,
            ].merging(values) { $1 })
    }

    private func row(_ user: UserRecord) -> [String: Any] {
        [
            "name": user.name, "key": user.accessKeyID,
            "created": ProjectPages.day(user.created),
            "keyCreated": ProjectPages.day(user.keyCreated),
            "isDisabled": user.disabled != nil,
            "page": "/console/operate/users/\(FormCoding.segment(user.name))",
        ]
    }

    private func create() async throws -> ConsoleResponse {
        let form = visit.request.form
        let name = form["name"] ?? ""
        let key = try await visit.noting("CreateUser", ["UserName": .string(name)]) {
            try await book.create(name, policy: Data((form["policy"] ?? "").utf8))
        }
        return try await user(name, ["newKey": key.accessKeyID, "newSecret": key.secretAccessKey])
    }

    private func user(_ name: String, _ more: [String: Any] = [:]) async throws
        -> ConsoleResponse
    {
        let user = try await book.user(name)
        var values = row(user).merging(more) { $1 }
        values["title"] = name
        values["policy"] = user.policy
        values["operations"] = Wire.Operation.allCases.map {
            ["name": $0.rawValue, "isChosen": $0.rawValue == visit.request.parameter("operation")]
        }
        values.merge(try await test(user)) { $1 }
        return visit.html("user", values)
    }

    /// Whether the user's policy allows what the form asks about.
    private func test(_ user: UserRecord) async throws -> [String: Any] {
        let request = visit.request
        func field(_ name: String) -> String {
            request.parameter(name)?.trimmingSpaces ?? ""
        }
        var values: [String: Any] = [
            "project": field("project"), "model": field("model"), "action": field("action"),
            "resource": field("resource"),
        ]
        let caller = Caller.user(user, visit.context.arns)
        let reason: String?
        if !field("action").isEmpty {
            let resource = field("resource").isEmpty ? "*" : field("resource")
            do {
                try caller.principal.check(caller.request([field("action")], on: resource))
                reason = nil
            } catch {
                reason = error.message
            }
        } else if let operation = Wire.Operation(rawValue: field("operation")) {
            var input: [String: JSONValue] = [:]
            if !field("project").isEmpty { input["ProjectName"] = .string(field("project")) }
            if !field("model").isEmpty { input["ModelVersion"] = .string(field("model")) }
            reason = try await Operations(context: visit.context, caller: caller).refusal(
                of: operation, .object(input))
        } else {
            return values
        }
        values["isTested"] = true
        values["isAllowed"] = reason == nil
        values["testReason"] = reason.map(visit.page.said) ?? ""
        return values
    }

    private func change(_ name: String, _ action: String) async throws -> ConsoleResponse {
        let input: [String: JSONValue] = ["UserName": .string(name)]
        let back = ConsoleResponse.redirect("/console/operate/users/\(FormCoding.segment(name))")
        switch action {
        case "policy":
            let policy = Data((visit.request.form["policy"] ?? "").utf8)
            try await visit.noting("PutUserPolicy", input) {
                try await book.setPolicy(name, policy)
            }
            return back
        case "rotate":
            let key = try await visit.noting("RotateAccessKey", input) {
                try await book.rotate(name)
            }
            return try await user(
                name, ["newKey": key.accessKeyID, "newSecret": key.secretAccessKey])
        case "disable", "enable":
            try await visit.noting(action == "disable" ? "DisableUser" : "EnableUser", input) {
                try await book.setDisabled(action == "disable", name)
            }
            return back
        case "delete":
            try await visit.noting("DeleteUser", input) { try await book.delete(name) }
            return .redirect("/console/operate/users")
        default: throw Console.nothingHere
        }
    }

    /// What a new user may do until somebody writes something else.
    private static let sample = """
        {"Version": "2012-10-17", "Statement": [
          {"Effect": "Allow", "Resource": "*",
           "Action": ["lookoutvision:Describe*", "lookoutvision:List*",
                      "lookoutvision:DetectAnomalies", "s3:GetObject"]}]}
        """
}
