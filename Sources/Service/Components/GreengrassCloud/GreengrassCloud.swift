package import Access
package import Base
package import Cloud
import FoundationEssentials
package import Logging
package import Storage

/// The real Greengrass, or another server of its protocol.
///
/// A version that was made here carries its client token as a tag, so that a job that begins again
/// after a crash knows its own component.
package struct GreengrassCloud: ComponentRegistry {
    /// Key of the tag in which a version carries its client token.
    package static let tokenTag = "spotter:client-token"
    /// Largest answer in bytes; Greengrass' own are a few hundred.
    private static let answerBytesMax = 1 << 20

    /// How a version on its way is asked about. Greengrass reads artifacts of a few hundred
    /// megabytes in less than a minute.
    package struct Polling: Sendable {
        /// Pause before the second question; each further pause is twice as long.
        package var secondsFirst = 1.0
        /// Longest pause.
        package var secondsMax = 15.0
        /// After so many seconds the version is given up.
        package var secondsTotal = 900.0

        /// Asks after 1, 2, 4, … seconds for a quarter of an hour in all.
        package init() {}
    }

    /// For requests that are passed on as they are.
    package let client: SignedClient
    private let arns: ARNs
    private let polling: Polling

    /// - Parameters:
    ///   - endpoint: AWS's own in the region of `arns` when nil.
    ///   - arns: with the account that owns the components.
    ///   - policy: for answers that may come later, such as throttling.
    ///   - ambience: clock, randomness and pauses.
    package init(
        connections: HTTPConnections, endpoint: CloudEndpoint?, arns: ARNs,
        credentials: Credentials, polling: Polling = Polling(),
        policy: RetryPolicy = RetryPolicy(), ambience: Ambience = Ambience(), logger: Logger
    ) {
        self.arns = arns
        self.polling = polling
        client = SignedClient(
            connections: connections,
            endpoint: endpoint ?? .aws(service: "greengrass", region: arns.region),
            region: arns.region, service: "greengrass", credentials: credentials,
            readFailure: Self.failure, policy: policy, ambience: ambience, logger: logger)
    }

    /// Waits for a version that is on its way. One that failed counts as none: the call that makes
    /// it again gets the reason.
    ///
    /// - Throws: `ComponentError.refused` when the key may not do that; `StorageError.unavailable`
    ///   for an outage, and for a version that is on its way for longer than `Polling` allows.
    package func component(_ name: ComponentName, version: ComponentVersion) async throws
        -> RegisteredComponent?
    {
        do {
            let arn = arns.componentVersion(name.text, version.text)
            let described = try await settled(arn, isMade: false)
            guard let described, described.status.componentState != "FAILED" else { return nil }
            return described.component(name, version)
        } catch {
            throw Self.translated(error, "look for the component \(name) \(version)")
        }
    }

    /// Registers the component, and waits until devices can take it. Greengrass reads the artifacts
    /// from S3 itself.
    package func createComponentVersion(
        _ recipe: RecipeDocument, tags: [String: String], clientToken: String,
        localFiles: [ObjectLocation: String]
    ) async throws -> RegisteredComponent {
        struct Input: Encodable {
            /// Base64 on the wire.
            let inlineRecipe: Data
            let tags: [String: String]
            let clientToken: String
        }
        // Without room for one more, Greengrass' own memory of tokens, of 8 hours, has to do.
        var marked = tags
        if tags.count < Limits.tagsMax { marked[Self.tokenTag] = clientToken }
        do {
            var request = CloudRequest(
                "POST", "/greengrass/v2/createComponentVersion",
                headers: [("Content-Type", "application/json")])
            request.body = .bytes(
                try JSONCoding.encode(
                    Input(inlineRecipe: recipe.written, tags: marked, clientToken: clientToken)))
            var arn = arns.componentVersion(recipe.name.text, recipe.version.text)
            do {
                arn = try await answer(Made.self, to: request).arn ?? arn
            } catch let error as CloudError where error.failure?.code == "ConflictException" {
                // An earlier attempt of the same job may have made it.
                let existing = try await describe(arn)
                guard existing?.tags?[Self.tokenTag] == clientToken else { throw error }
            }
            guard var made = try await settled(arn, isMade: true) else {
                throw StorageError(.unavailable, "\(arn) is gone.")
            }
            guard made.status.componentState != "FAILED" else {
                throw ComponentError(.artifactUnavailable, made.status.reason)
            }
            made.tags?[Self.tokenTag] = clientToken
            return made.component(recipe.name, recipe.version)
        } catch {
            throw Self.translated(error, "register the component")
        }
    }

    /// Asks until the version is no more on its way.
    ///
    /// - Parameter isMade: whether it must come to be, though it may not be seen at once.
    private func settled(_ arn: String, isMade: Bool) async throws -> Described? {
        let began = client.ambience.now()
        var delay = polling.secondsFirst
        while true {
            let described = try await describe(arn)
            let state = described?.status.componentState ?? "REQUESTED"
            if described == nil, !isMade { return nil }
            guard ["REQUESTED", "INITIATED"].contains(state) else { return described }
            let elapsed = client.ambience.now().timeIntervalSince(began)
            guard elapsed + delay <= polling.secondsTotal else {
                throw StorageError(
                    .unavailable,
                    "\(arn) is still \(state) after \(Int(polling.secondsTotal)) seconds.")
            }
            try await client.ambience.sleep(delay)
            delay = min(delay * 2, polling.secondsMax)
        }
    }

    private func describe(_ arn: String) async throws -> Described? {
        do {
            return try await answer(
                Described.self,
                to: CloudRequest(
                    "GET", "/greengrass/v2/components/\(CanonicalRequest.encode(arn))/metadata"))
        } catch let error as CloudError where error.failure?.code == "ResourceNotFoundException" {
            return nil
        }
    }

    private func answer<Answer: Decodable>(_ type: Answer.Type, to request: CloudRequest)
        async throws -> Answer
    {
        let (_, body) = try await client.send(request, bytesMax: Self.answerBytesMax)
        do {
            return try JSONDecoder().decode(type, from: body)
        } catch {
            throw StorageError(
                .unavailable, "\(client.endpoint.authority) answered with no answer of Greengrass.")
        }
    }

    private static func translated(_ error: any Error, _ what: String) -> any Error {
        guard let error = error as? CloudError else { return error }
        let text = error.failure.map { $0.message.isEmpty ? $0.code : $0.message } ?? ""
        switch error.failure?.code {
        case "ConflictException": return ComponentError(.alreadyExists, text)
        case "ValidationException": return ComponentError(.invalidRecipe, text)
        case "ServiceQuotaExceededException", "AccessDeniedException":
            return ComponentError(.refused, "Greengrass refused to \(what): \(text)")
        default:
            return StorageError(
                .unavailable, "Could not \(what): \(error.message)",
                clientMessage: error.failure.map {
                    "Could not \(what): Greengrass answered \($0.code)."
                })
        }
    }

    private static func failure(
        status: Int, headers: [(name: String, value: String)], body: Data
    ) -> ServiceFailure {
        struct Body: Decodable {
            let message: String?
            let Message: String?
            let __type: String?
        }
        let document = try? JSONDecoder().decode(Body.self, from: body)
        let type = headers.first { $0.name.lowercased() == "x-amzn-errortype" }?.value
        // The name may stand between a namespace and an address.
        let code = (type ?? document?.__type)?.split(separator: ":").first?
            .split(separator: "#").last.map(String.init)
        return ServiceFailure(
            status: status,
            code: code ?? (status == 403 ? "AccessDeniedException" : "HTTP\(status)"),
            message: document?.message ?? document?.Message ?? "")
    }
}

/// The answer to CreateComponentVersion, as far as it is of use.
private struct Made: Decodable {
    let arn: String?
}

/// The answer to DescribeComponent, as far as it is of use.
private struct Described: Decodable {
    struct Status: Decodable {
        let componentState: String
        let message: String?
        /// Texts by URI of an artifact.
        let errors: [String: String]?

        /// Why the version failed, in Greengrass' words.
        var reason: String {
            var parts: [String] = []
            if let message, !message.isEmpty, message != "NONE" { parts.append(message) }
            for (name, text) in (errors ?? [:]).sorted(by: { $0.key < $1.key })
            where !parts.contains(where: { $0.contains(text) && $0.contains(name) }) {
                parts.append("\(name): \(text)")
            }
            return parts.isEmpty ? "Greengrass gave no reason." : parts.joined(separator: " ")
        }
    }

    let arn: String
    /// Seconds since 1970.
    let creationTimestamp: Double?
    let status: Status
    var tags: [String: String]?

    func component(_ name: ComponentName, _ version: ComponentVersion) -> RegisteredComponent {
        var others = tags ?? [:]
        let token = others.removeValue(forKey: GreengrassCloud.tokenTag)
        return RegisteredComponent(
            arn: arn, name: name, version: version, state: status.componentState, tags: others,
            clientToken: token ?? "",
            created: Date(timeIntervalSince1970: creationTimestamp ?? 0))
    }
}
