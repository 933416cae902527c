import Access
import Base
import FoundationEssentials
import Service
import Wire

/// One request of somebody who is signed in, and what can be done in their name.
struct Visit: Sendable {
    let request: ConsoleRequest
    let page: Page
    let visitor: SessionBook.Visitor
    let context: ServiceContext
    let thumbnails: Thumbnails
    let shelf: ResultsShelf
    let gallery: GalleryMemory
    /// nil in programs that have no server around the console.
    let installation: ConsoleInstallation?
    let done: @Sendable (Console.Action) async -> Void

    /// Operations in the visitor's name.
    var operations: Operations {
        Operations(
            context: context,
            caller: Caller(
                principal: visitor.principal, sourceAddress: request.sourceAddress,
                isSecure: request.isEncrypted))
    }

    /// Performs an operation of the API as a request of it would: its constraints and permissions
    /// hold, and what was done is noted.
    ///
    /// - Parameters:
    ///   - labels: of the operation's path, like `projectName`.
    ///   - body: members of the body.
    func perform<Response: Decodable>(
        _ operation: Wire.Operation, _ labels: [String: String] = [:],
        query: [(name: String, value: String)] = [], _ body: [String: JSONValue] = [:],
        options: CallOptions = CallOptions(), as _: Response.Type = Response.self
    ) async throws -> Response {
        let definition = operation.definition
        let path = labels.reduce(definition.path) { path, label in
            path.replacing("{\(label.key)}", with: FormCoding.segment(label.value))
        }
        let bytes =
            definition.method == "GET" ? Data() : try JSONCoding.encode(JSONValue.object(body))
        let route = try Route.find(method: definition.method, path: path)
        let input = try route.input(
            of: WireRequest(
                method: definition.method, path: path, query: query, header: { _ in nil },
                body: bytes))
        do {
            let answer = try await operations.perform(
                route, input: input, payload: Data(), options: options
            ).body
            await note(operation, input, answer: answer)
            return try WireCoding.decode(Response.self, from: answer)
        } catch let error as WireError {
            await note(operation, input, error: error)
            throw error
        } catch let error as AccessError {
            await note(operation, input, error: WireError(.accessDenied, error.message))
            throw error
        }
    }

    private func note(
        _ operation: Wire.Operation, _ input: JSONValue, answer: Data? = nil,
        error: WireError? = nil
    ) async {
        await done(
            Console.Action(
                name: operation.rawValue, kind: .operation(isReadOnly: operation.isReadOnly),
                principal: visitor.principal, input: input, answer: answer, error: error))
    }

    /// Does what the API cannot, and notes it under a name of its own, like `SetModelThreshold`.
    @discardableResult
    func noting<Value>(
        _ name: String, _ input: [String: JSONValue], _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await body()
            await note(name, input, nil)
            return value
        } catch {
            let failure = error as? WireError ?? WireError(.accessDenied, "\(error)")
            if error is WireError || error is AccessError { await note(name, input, failure) }
            throw error
        }
    }

    private func note(_ name: String, _ input: [String: JSONValue], _ error: WireError?) async {
        await done(
            Console.Action(
                name: name, kind: .own, principal: visitor.principal, input: .object(input),
                answer: nil, error: error))
    }

    /// What a button needs: whether the visitor may do it, and why not.
    func button(
        _ operation: Wire.Operation, project: String? = nil, model: String? = nil,
        resource: String? = nil
    ) async throws -> [String: Any] {
        var input: [String: JSONValue] = [:]
        if let project { input["ProjectName"] = .string(project) }
        if let model { input["ModelVersion"] = .string(model) }
        if let resource { input["ResourceArn"] = .string(resource) }
        guard let reason = try await operations.refusal(of: operation, .object(input)) else {
            return [:]
        }
        return ["disabled": true, "reason": reason]
    }

    /// The models of a project, the newest first: all that there can be unless the operator allows
    /// more than usual.
    func models(of project: String) async throws -> [ModelMetadata] {
        var models: [ModelMetadata] = []
        try await forEachPage(.listModels, of: project) { (page: ListModelsResponse) in
            models += page.models
            return models.count < ConsoleLimits.modelsMax ? page.nextToken : nil
        }
        return models
    }

    /// Asks for a list of a project's things, page by page.
    ///
    /// - Parameter next: takes a page, and returns where the next one begins; nil ends it.
    func forEachPage<Response: Decodable>(
        _ operation: Wire.Operation, of project: String, _ next: (Response) -> String?
    ) async throws {
        var token: String?
        repeat {
            token = next(
                try await perform(
                    operation, ["projectName": project],
                    query: token.map { [(name: "nextToken", value: $0)] } ?? []))
        } while token != nil
    }

    /// What the entries of a dataset say, for what the API's list cannot answer.
    func index(of project: String, _ type: DatasetType) async throws -> DatasetIndex {
        try await operations.index(of: project, type, in: gallery.indexes)
    }

    /// Enters lines into a dataset as UpdateDatasetEntries does.
    ///
    /// - Returns: the member `changes` of an answer: the change's id by its dataset, by which
    ///   `dataset-state` tells what became of it.
    func change(
        _ project: String, _ type: DatasetType, _ lines: [String]
    ) async throws -> [String: JSONValue] {
        let job = UUID.random()
        let changes = Data(lines.joined(separator: "\n").utf8).base64EncodedString()
        let _: UpdateDatasetEntriesResponse = try await perform(
            .updateDatasetEntries, ["projectName": project, "datasetType": type.rawValue],
            ["Changes": .string(changes)], options: CallOptions(job: job))
        return [type.rawValue: .string(job.uuidString)]
    }

    func html(_ template: String, _ values: [String: Any]) -> ConsoleResponse {
        page.response(template, visitor, values)
    }

    func json(_ value: JSONValue) throws -> ConsoleResponse {
        ConsoleResponse(
            200, "application/json", try JSONCoding.encode(value), headers: Page.headers)
    }

    /// `/console/projects/NAME`.
    func home(_ project: String) -> String { "/console/projects/\(FormCoding.segment(project))" }
}
