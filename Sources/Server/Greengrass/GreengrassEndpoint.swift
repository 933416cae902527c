import Access
import Base
import Cloud
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Service
import Wire
import WireAWS

/// Answers requests to Greengrass with the embedded registry, or passes them on.
struct GreengrassEndpoint: ServiceEndpoint {
    let registry: any ComponentCatalogue
    /// The Greengrass that takes the registry's place; nil when it is embedded.
    let upstream: SignedClient?
    let authenticator: Authenticator
    let arns: ARNs
    let pageTokens: PageTokens
    /// Signs the URLs of artifacts, and is good for nothing else.
    let linkKey: Credentials
    let now: @Sendable () -> Date

    func answer(_ request: Request, _ call: inout APICall) async throws -> Response {
        let query = try call.parameters()
        if let link = ArtifactLink(path: call.path) {
            return try await content(of: link, request, query, &call)
        }
        let route = try Self.route(request.method.rawValue, call.path)
        call.operation = route.operation.rawValue
        call.isReadOnly = route.operation.isReadOnly
        let signed = try await SignedRequest(
            request, &call, query: query, bodyBytesMax: Limits.plainBodyBytesMax,
            authenticator: authenticator, now: now)
        let input = try GreengrassInput(route, of: signed.wire)
        call.input = .object(input.members)
        let operations = operations(signed.caller)
        if let upstream {
            try await operations.check(route.operation, input)
            return try await passOn(request, query, signed.wire.body, &call, to: upstream)
        }
        let answer = try await operations.perform(route.operation, input) {
            name, version, artifact in
            RequestSigner(
                credentials: linkKey, region: arns.region,
                service: AWSService.greengrass.rawValue
            ).presignedURL(
                method: "GET", endpoint: Self.endpoint(of: request),
                path: ArtifactLink(name: name, version: version, artifact: artifact).path,
                query: [(ArtifactLink.user, signed.caller.principal.userName ?? "")],
                expiresSeconds: ArtifactLink.expiresSeconds, now: now())
        }
        guard !answer.isEmpty else {
            var response = Response(status: .init(code: route.operation.definition.status))
            response.headers[HeaderName.requestID] = call.requestID
            return response
        }
        call.answer = answer
        return .json(.init(code: route.operation.definition.status), answer, call)
    }

    /// What Greengrass has beside components: core devices and what is deployed to them.
    private static let devicePaths = [
        "/greengrass/v2/deployments", "/greengrass/v2/coreDevices", "/greengrass/things/",
        "/greengrass/connectivityInfo/", "/greengrass/servicerole",
        "/greengrass/v2/resolveComponentCandidates",
    ]

    /// - Throws: `unknownOperation`, for deployments and devices with how to deploy in place of it;
    ///   `methodNotAllowed`.
    private static func route(_ method: String, _ path: String) throws(WireError)
        -> GreengrassRoute
    {
        do {
            return try GreengrassRoute.find(method: method, path: path)
        } catch {
            guard error.code == .unknownOperation, devicePaths.contains(where: path.hasPrefix)
            else { throw error }
            throw WireError(
                .unknownOperation,
                "Spotter's Greengrass keeps components and knows no core devices and deployments "
                    + "('\(path.prefix(80))'). Deploy on the device from the folders 'recipes' and "
                    + "'artifacts' of the data directory's greengrass folder: 'greengrass-cli "
                    + "deployment create --recipeDir recipes --artifactDir artifacts --merge "
                    + "NAME=VERSION', with Greengrass Lite 'ggl-cli deploy'. See docs/edge.md.")
        }
    }

    private func operations(_ caller: Caller) -> ComponentOperations {
        ComponentOperations(
            registry: registry, arns: arns, pageTokens: pageTokens, caller: caller)
    }

    /// Signs a request that the caller may make for the other Greengrass, and returns its answer.
    private func passOn(
        _ request: Request, _ query: [(name: String, value: String)], _ body: Data,
        _ call: inout APICall, to upstream: SignedClient
    ) async throws -> Response {
        let answer: CloudResponse
        let content: Data
        do {
            answer = try await upstream.pass(
                CloudRequest(
                    request.method.rawValue, call.path, query: query,
                    headers: request.headers[.contentType].map { [("Content-Type", $0)] } ?? [],
                    body: .bytes(body)))
            content = try await answer.collect(bytesMax: Limits.jsonBodyBytesMax)
        } catch let error as CloudError {
            throw WireError(
                .internalServer, "The Greengrass behind this server: \(error.message)",
                retryAfterSeconds: 1)
        }
        call.answer = content
        var response = Response.json(.init(code: answer.status), content, call)
        if answer.status >= 400 {
            let code = answer.header("x-amzn-errortype")
            response.headers[HeaderName.errorType] = code
            call.error = (
                code ?? "HTTP\(answer.status)", "The Greengrass behind this server refused it."
            )
        }
        return response
    }

    /// Where the client reaches this server: only its own answer depends on what it says.
    private static func endpoint(of request: Request) -> String {
        let isSecure =
            request.head.scheme == "https"
            || request.headers[HeaderName.name("x-forwarded-proto")]?.lowercased() == "https"
        return "\(isSecure ? "https" : "http")://\(request.head.authority ?? "localhost")"
    }

    /// The bytes of an artifact, by the URL that GetComponentVersionArtifact gave.
    private func content(
        of link: ArtifactLink, _ request: Request, _ query: [(name: String, value: String)],
        _ call: inout APICall
    ) async throws -> Response {
        guard request.method == .get else {
            throw WireError(.methodNotAllowed, "This path takes GET, not \(request.method).")
        }
        call.operation = "DownloadArtifact"
        call.isReadOnly = true
        call.isDataEvent = true
        let authorization = try Authorization(query: query)
        guard authorization.accessKeyID == linkKey.accessKeyID else {
            throw AccessError(
                .unrecognizedClient,
                "The URL of an artifact is signed by GetComponentVersionArtifact alone. Ask for a "
                    + "new one.")
        }
        let user = query.first { $0.name == ArtifactLink.user }?.value ?? ""
        let claim = try await authenticator.claim(
            userName: user.isEmpty ? nil : user, signedWith: linkKey)
        call.claimed = claim.principal
        _ = try authenticator.verify(
            claim, call.signable(request, query: query), authorization,
            payloadHash: SignatureVerifier.unsignedPayload, now: now())
        call.isVerified = true
        call.input = .object([
            "componentName": .string(link.name.text),
            "componentVersion": .string(link.version.text),
            "artifactName": .string(link.artifact),
        ])
        let caller = call.caller(claim.principal)
        let reader = try await operations(caller).readArtifact(
            link.name, link.version, link.artifact)
        return try download(reader, request, call)
    }

    private func download(
        _ reader: any ArtifactReader, _ request: Request, _ call: APICall
    ) throws -> Response {
        var headers = HTTPFields()
        headers[HeaderName.requestID] = call.requestID
        headers[.contentType] = "binary/octet-stream"
        headers[.acceptRanges] = "bytes"
        let range: Range<Int>?
        do {
            range = try ByteRange.parse(request.headers[.range], size: reader.size)
        } catch {
            headers[.contentRange] = "bytes */\(reader.size)"
            return Response(status: .rangeNotSatisfiable, headers: headers)
        }
        let wanted = range ?? 0..<reader.size
        headers[.contentLength] = String(wanted.count)
        if range != nil {
            headers[.contentRange] =
                "bytes \(wanted.lowerBound)-\(wanted.upperBound - 1)/\(reader.size)"
        }
        return Response(
            status: range == nil ? .ok : .partialContent, headers: headers,
            body: ResponseBody(contentLength: wanted.count) { writer in
                try await reader.read(wanted) { try await writer.write(ByteBuffer(bytes: $0)) }
                try await writer.finish(nil)
            })
    }

    func failure(_ error: any Error, _ call: APICall) -> EndpointFailure {
        let failure: (code: String, status: Int, message: String, body: JSONValue, retry: Int?)
        if let error = error as? GreengrassError {
            failure = (
                error.code.rawValue, error.code.httpStatus, error.message, error.body, nil
            )
        } else {
            let error = ErrorTranslation.wireError(for: error)
            failure = (
                error.code.rawValue, error.code.httpStatus, error.message,
                GreengrassError.body(of: error), error.retryAfterSeconds
            )
        }
        return EndpointFailure(
            response: .failure(
                failure.code, status: failure.status, body: failure.body,
                retryAfterSeconds: failure.retry, call),
            code: failure.code, message: failure.message, isInternal: failure.status == 500)
    }
}

/// The path under which an artifact's bytes are read: `/greengrass/v2/artifacts/NAME/VERSION/…`.
struct ArtifactLink: Equatable {
    /// Devices begin to download at once, and ask for a new URL when they begin again.
    static let expiresSeconds = 900
    /// The parameter with the name of the user who asked for the URL; empty for the root key. The
    /// signature covers it, and the download is judged by that user's policy.
    static let user = "X-Spotter-User"
    private static let prefix = "/greengrass/v2/artifacts/"

    let name: ComponentName
    let version: ComponentVersion
    let artifact: String

    init(name: ComponentName, version: ComponentVersion, artifact: String) {
        self.name = name
        self.version = version
        self.artifact = artifact
    }

    /// - Parameter path: percent-encoded. nil for any other path.
    init?(path: String) {
        guard path.hasPrefix(Self.prefix) else { return nil }
        let parts = path.dropFirst(Self.prefix.count).split(
            separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let name = ComponentName(String(parts[0])),
            let version = ComponentVersion(String(parts[1])),
            let artifact = PercentCoding.decode(parts[2]), !artifact.isEmpty
        else { return nil }
        self.init(name: name, version: version, artifact: artifact)
    }

    var path: String {
        "\(Self.prefix)\(name)/\(version)/\(CanonicalRequest.encode(artifact, isPath: true))"
    }
}
