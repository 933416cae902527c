package import Access
package import Cloud
package import FoundationEssentials
package import Logging
import Storage

/// The real Greengrass, or another server of its protocol.
///
/// A version that was made here carries its client token as a tag, so that a job that begins again
/// after a crash knows its own component.
package struct GreengrassCloud: ComponentRegistry {
    package static let tokenTag = "spotter:client-token"
    /// Of one answer.
    private static let answerBytesMax = 1 << 20

    /// Seconds between questions about a version on its way: at first, at last, and in all.
    /// Greengrass reads artifacts of a few hundred megabytes in less than a minute.
    package struct Polling: Sendable {
        package var secondsFirst = 1.0
        package var secondsMax = 15.0
        package var secondsTotal = 900.0

        package init() {}
    }

    /// For requests that are passed on as they are.
    package let client: SignedClient
    private let arns: ARNs
    private let polling: Polling

    /// - Parameters:
    ///   - endpoint: AWS's own in the region of `arns` when nil.
    ///   - arns: with the account that owns the components.
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

    /// Waits for one that is on its way. One that failed is none: making it again tells why.
    package func component(_ name: String, version: String) async throws -> ComponentVersion? {
        do {
            let described = try await settled(arns.componentVersion(name, version), isMade: false)
            guard let described, described.status.componentState != "FAILED" else { return nil }
            return described.version
        } catch {
            throw Self.translated(error, "look for the component \(name) \(version)")
        }
    }

    package func createComponentVersion(
        recipe: Data, tags: [String: String], clientToken: String
    ) async throws -> ComponentVersion {
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
                try JSONEncoder().encode(
                    Input(inlineRecipe: recipe, tags: marked, clientToken: clientToken)))
            var arn: String
            do {
                let made = try await answer(Made.self, to: request)
                arn = made.arn ?? arns.componentVersion(made.componentName, made.componentVersion)
            } catch let error as CloudError where error.failure?.code == "ConflictException" {
                arn = try await ownVersion(recipe, clientToken, orElse: error)
            }
            guard var made = try await settled(arn, isMade: true) else {
                throw StorageError(.unavailable, "\(arn) is gone.")
            }
            guard made.status.componentState != "FAILED" else {
                throw ComponentError(.artifactUnavailable, made.status.reason)
            }
            made.tags?[Self.tokenTag] = clientToken
            return made.version
        } catch {
            throw Self.translated(error, "register the component")
        }
    }

    /// The version that an earlier attempt of the same job made.
    private func ownVersion(_ recipe: Data, _ token: String, orElse error: CloudError) async throws
        -> String
    {
        struct Names: Decodable {
            let ComponentName: String
            let ComponentVersion: String
        }
        guard let names = try? JSONDecoder().decode(Names.self, from: recipe) else { throw error }
        let arn = arns.componentVersion(names.ComponentName, names.ComponentVersion)
        guard let existing = try await describe(arn), existing.tags?[Self.tokenTag] == token else {
            throw error
        }
        return arn
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
            return StorageError(.unavailable, "Could not \(what): \(error.message)")
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
    let componentName: String
    let componentVersion: String
}

/// The answer to DescribeComponent, as far as it is of use.
private struct Described: Decodable {
    struct Status: Decodable {
        let componentState: String
        let message: String?
        /// Texts by URI of an artifact.
        let errors: [String: String]?

        /// What Greengrass says, in its words.
        var reason: String {
            var parts: [String] = []
            if let message, !message.isEmpty, message != "NONE" { parts.append(message) }
            for (name, text) in (errors ?? [:]).sorted(by: { $0.key < $1.key })
            where !parts.contains(where: { $0.contains(text) && $0.contains(name) }) {
                parts.append("\(name): \(text)")
            }
            return parts.isEmpty ? "Greengrass says no reason." : parts.joined(separator: " ")
        }
    }

    let arn: String
    let componentName: String
    let componentVersion: String
    /// Seconds since 1970.
    let creationTimestamp: Double?
    let status: Status
    var tags: [String: String]?

    var version: ComponentVersion {
        var others = tags ?? [:]
        let token = others.removeValue(forKey: GreengrassCloud.tokenTag)
        return ComponentVersion(
            arn: arn, name: componentName, version: componentVersion,
            state: status.componentState, tags: others, clientToken: token ?? "",
            created: Date(timeIntervalSince1970: creationTimestamp ?? 0))
    }
}
