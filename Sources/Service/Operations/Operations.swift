import Access
import Crypto
package import FoundationEssentials
import Logging
import Storage
package import Wire

/// The operations of the API, without HTTP. Each has a file of its own in this folder.
package struct Operations: Sendable {
    /// What the operations work with; shared by all callers.
    package let context: ServiceContext
    /// Whose permissions are checked, and whose client tokens are found.
    package let caller: Caller

    /// Operations in the name of the root key, which may do everything.
    package init(context: ServiceContext) {
        self.init(context: context, caller: .root(context.arns))
    }

    /// Operations in a caller's name: each is checked against the caller's policy first.
    package init(context: ServiceContext, caller: Caller) {
        self.context = context
        self.caller = caller
    }

    /// Performs the operation of `route`.
    ///
    /// - Parameters:
    ///   - input: what `Route.input(of:)` returned.
    ///   - payload: the raw body, for an operation whose body is one; others do not look at it.
    ///   - options: what Spotter takes beside the API's input.
    /// - Throws: `AccessError.accessDenied`, `WireError`, and what stores and models throw.
    package func perform(
        _ route: Route, input: JSONValue, payload: Data, options: CallOptions = CallOptions()
    ) async throws -> OperationAnswer {
        try await authorize(route.operation, input)
        return switch route.operation {
        case .createProject: try await answer(input, createProject)
        case .describeProject: try await answer(input, describeProject)
        case .listProjects: try await answer(input, listProjects)
        case .createDataset: try await answer(input, createDataset)
        case .describeDataset: try await answer(input, describeDataset)
        case .createModel: try await answer(input, createModel)
        case .describeModel: try await answer(input, describeModel)
        case .listModels: try await answer(input, listModels)
        case .startModel: try await answer(input, startModel)
        case .stopModel: try await answer(input, stopModel)
        case .detectAnomalies:
            try await detectAnomalies(
                try WireCoding.decode(DetectAnomaliesRequest.self, from: input), image: payload,
                threshold: options.threshold
            ).answer()
        case .startModelPackagingJob: try await answer(input, startModelPackagingJob)
        case .describeModelPackagingJob: try await answer(input, describeModelPackagingJob)
        case .listModelPackagingJobs: try await answer(input, listModelPackagingJobs)
        case .deleteProject: try await answer(input, deleteProject)
        case .deleteDataset: try await answer(input, deleteDataset)
        case .deleteModel: try await answer(input, deleteModel)
        case .updateDatasetEntries:
            try await answer(input) { try await updateDatasetEntries($0, job: options.job) }
        case .listDatasetEntries: try await answer(input, listDatasetEntries)
        case .tagResource: try await answer(input, tagResource)
        case .untagResource: try await answer(input, untagResource)
        case .listTagsForResource: try await answer(input, listTagsForResource)
        }
    }

    private func answer<Request: Decodable, Response: Encodable>(
        _ input: JSONValue, _ operation: (Request) async throws -> Response
    ) async throws -> OperationAnswer {
        let request = try WireCoding.decode(Request.self, from: input)
        return OperationAnswer(body: try WireCoding.encode(try await operation(request)))
    }
}

// MARK: What operations share

extension Operations {
    /// Runs a mutating call in one transaction, once for each client token of a caller.
    ///
    /// The same token with the same parameters within `Limits.clientTokenSeconds` gets the first
    /// answer again; with other parameters it is a conflict.
    ///
    /// - Parameter isOver: whether what the first call changed, whose answer it gets, was changed
    ///   back since. A token belongs to one change, so a call with it is then a new one.
    func mutate<Request: Encodable & Sendable, Response: Codable & Sendable>(
        _ operation: Operation, _ request: Request, token: String?, project: String,
        isOver: @escaping @Sendable (MetadataTransaction, TokenRecord) throws -> Bool,
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Response
    ) async throws -> Response {
        let now = context.now()
        guard let token else { return try await context.metadata.write(body) }
        let digest = Self.digest(try WireCoding.encode(request))
        let owner = caller.principal.userName ?? ""
        return try await context.metadata.write { transaction in
            try transaction.removeTokens(
                createdBefore: now.addingTimeInterval(-Limits.clientTokenSeconds))
            let key = "\(operation.rawValue) \(owner) \(token)"
            if let known = try transaction.token(key) {
                guard known.requestDigest == digest else {
                    throw WireError.conflict(
                        "The client token was used before with other parameters. Use another, or "
                            + "leave it out.", .project,
                        project)
                }
                if try !isOver(transaction, known) {
                    return try WireCoding.decode(Response.self, from: known.response)
                }
            }
            let response = try body(transaction)
            try transaction.save(
                TokenRecord(
                    key: key, requestDigest: digest, response: try WireCoding.encode(response),
                    created: now))
            return response
        }
    }

    private static func digest(_ bytes: Data) -> String {
        Data(SHA256.hash(data: bytes)).base64EncodedString()
    }

    /// A page and the token of the next, given `limit + 1` items at most.
    func page<Item>(_ items: [Item], limit: Int, list: String, position: (Item) -> String) -> (
        items: [Item], nextToken: String?
    ) {
        guard items.count > limit else { return (items, nil) }
        let shown = Array(items.prefix(limit))
        return (shown, shown.last.map { context.pageTokens.token(position($0), list: list) })
    }

    /// What a list call asks for: how many, and after which position.
    func paging(_ maxResults: Int?, _ nextToken: String?, list: String) throws(WireError) -> (
        limit: Int, position: String?
    ) {
        var position: String?
        // Clients send an empty token for the first page.
        if let nextToken, !nextToken.isEmpty {
            position = try context.pageTokens.position(nextToken, list: list)
        }
        return (maxResults ?? Limits.pageSizeDefault, position)
    }
}

extension TokenRecord {
    /// Whether what a call made is gone since the answer, or was made again.
    ///
    /// - Parameter created: of what is there now; nil when there is nothing.
    func precedes(_ created: Date?) -> Bool { created.map { $0 > self.created } ?? true }
}

extension ServiceContext {
    /// - Throws: a validation error that names the field, for the bucket that is Spotter's own.
    func checkBucket(_ bucket: String?, _ field: String) throws(WireError) {
        guard let bucket, let reservedBucket, UserObjects.isSame(bucket, reservedBucket) else {
            return
        }
        throw WireError.validation("\(field): \(UserObjects.refusal(bucket))")
    }
}

/// Lookups that answer as the API does when nothing is found.
enum Lookup {
    static func project(_ name: String, _ transaction: MetadataTransaction) throws
        -> ProjectRecord
    {
        guard let project = try transaction.project(name) else {
            throw WireError.notFound("The project \(name) does not exist.", .project, name)
        }
        return project
    }

    static func dataset(
        _ project: String, _ type: DatasetType, _ transaction: MetadataTransaction
    ) throws -> DatasetRecord {
        _ = try self.project(project, transaction)
        guard let dataset = try transaction.dataset(project, type) else {
            throw WireError.notFound(
                "The project \(project) has no \(type.rawValue) dataset.", .dataset,
                "\(project)/\(type.rawValue)")
        }
        return dataset
    }

    /// - Parameter version: a number or `latest`.
    static func model(
        _ project: String, _ version: String, _ transaction: MetadataTransaction
    ) throws -> ModelRecord {
        _ = try self.project(project, transaction)
        let found =
            version == "latest"
            ? try transaction.models(project, before: nil, limit: 1).first
            : try Int(version).flatMap { try transaction.model(project, $0) }
        guard let found else {
            throw WireError.notFound(
                "The project \(project) has no model of version \(version).", .model,
                "\(project)/\(version)")
        }
        return found
    }
}
